// How far exports have come: as long as one is under way, the page is read again and their cells take what is new.
'use strict';

(() => {
  const EVERY = 2000

  function underWay () {
    return document.querySelector('[data-export][data-open]') !== null
  }

  async function renew () {
    const answer = await fetch(window.location.href, { credentials: 'same-origin' })
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    for (const cell of document.querySelectorAll('[data-export][data-open]')) {
      const fresh = page.querySelector(`[data-export="${cell.dataset.export}"]`)
      if (fresh) cell.replaceWith(fresh)
    }
  }

  async function look () {
    if (underWay() && !document.hidden) await renew().catch(() => {})
    if (underWay()) window.setTimeout(look, EVERY)
  }

  document.addEventListener('DOMContentLoaded', () => window.setTimeout(look, EVERY))
})()
