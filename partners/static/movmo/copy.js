// Buttons that copy: `data-copy` names the element whose text or value is meant. Without this script they stay hidden.
'use strict';

(() => {
  const told = document.querySelector('[data-copied]')

  async function copy (button) {
    const source = document.getElementById(button.dataset.copy)
    const text = 'value' in source ? source.value : source.textContent
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = 'Copied'
      if (told) told.textContent = `Copied: ${button.dataset.what}`
    } catch {
      if ('select' in source) source.select()
      else window.getSelection().selectAllChildren(source)
      button.textContent = 'Selected: copy it now'
    }
    window.setTimeout(() => { button.textContent = 'Copy' }, 2000)
  }

  for (const button of document.querySelectorAll('[data-copy]')) {
    button.hidden = false
    button.addEventListener('click', () => copy(button))
  }
})()
