// Signing in with a passkey: asks the server for a challenge, the browser for an answer, and sends it as its form's.
//
//   <form id="passkey" data-unused="…" data-later="…">   sends itself by the event `captured`; its button stands beside
//     the one of the e-mail form, and is shown where the browser can, and the page around the frame lets it
'use strict';

(() => {
  const credentials = window.PublicKeyCredential
  const isAllowed = document.featurePolicy?.allowsFeature('publickey-credentials-get') ?? true
  if (!credentials?.parseRequestOptionsFromJSON || !credentials.prototype.toJSON || !isAllowed) return

  const step = document.getElementById('step')
  let asking = null // what ends a question that nobody waits for any more

  step.addEventListener('movmo:shown', () => {
    asking?.abort()
    asking = null
    const form = step.querySelector('form#passkey')
    if (form) offer(form, step.querySelector('button[form=passkey]'))
  })

  function offer (form, button) {
    const errors = Object.assign(document.createElement('p'), { className: 'errors', role: 'alert' })
    button.parentElement.before(errors)
    button.hidden = false
    form.addEventListener('submit', async event => {
      event.preventDefault()
      if (button.disabled) return
      errors.textContent = ''
      button.disabled = true
      const complaint = await answer(form)
      if (!form.isConnected) return
      errors.textContent = complaint
      button.disabled = false
      if (complaint) button.focus()
    })
  }

  // What is wrong, in words; empty where the next step tells.
  async function answer (form) {
    const question = asking = new AbortController()
    try {
      const challenge = await window.movmo.send('passkey', { signal: question.signal })
      if (challenge.status === 429) return form.dataset.later
      if (!challenge.ok) throw new TypeError()
      const publicKey = credentials.parseRequestOptionsFromJSON((await challenge.json()).publicKey)
      form.elements.credential.value = JSON.stringify(
        await navigator.credentials.get({ publicKey, signal: question.signal }))
    } catch (failure) {
      if (question.signal.aborted) return ''
      if (failure instanceof DOMException) return form.dataset.unused
      window.movmo.step() // it says whether there is no connection, or nothing to sign in to
      return ''
    }
    if (form.isConnected) form.dispatchEvent(new CustomEvent('captured', { bubbles: true }))
    return ''
  }
})()
