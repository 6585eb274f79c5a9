// Passkeys (WebAuthn): asks the server for a challenge, the browser for an answer, and posts it with the form.
'use strict';

(() => {
  const form = document.querySelector('form[data-passkey]')
  if (!form || !window.PublicKeyCredential) return
  form.hidden = false

  const complaint = form.querySelector('[role=alert]:not([id])')
  const reasons = {
    NotAllowedError: 'Nothing was done: it was cancelled, or took too long. Try again.',
    InvalidStateError: 'This device holds a passkey of yours already.',
    SecurityError: 'This page cannot use passkeys at this address.'
  }

  const bytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), mark => mark.charCodeAt(0))

  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')

  const named = list => (list || []).map(one => ({ ...one, id: bytes(one.id) }))

  async function challenge () {
    const answer = await fetch(form.dataset.options, { headers: { Accept: 'application/json' }, redirect: 'error' })
    if (answer.status === 429) throw new Error('Too many attempts. Wait a few minutes, then try again.')
    if (!answer.ok) throw new Error('The server did not answer. Try again in a minute.')
    const { publicKey } = await answer.json()
    publicKey.challenge = bytes(publicKey.challenge)
    if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id)
    if (publicKey.excludeCredentials) publicKey.excludeCredentials = named(publicKey.excludeCredentials)
    if (publicKey.allowCredentials) publicKey.allowCredentials = named(publicKey.allowCredentials)
    return { publicKey }
  }

  function written (credential) {
    const response = {}
    for (const part of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (credential.response[part]) response[part] = text(credential.response[part])
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response
    })
  }

  form.addEventListener('submit', async event => {
    event.preventDefault()
    complaint.textContent = ''
    const button = form.querySelector('button')
    button.disabled = true
    try {
      const credential = await navigator.credentials[form.dataset.passkey](await challenge())
      form.elements.credential.value = written(credential)
      form.submit()
    } catch (failure) {
      complaint.textContent = reasons[failure.name] || failure.message
      button.disabled = false
      button.focus()
    }
  })
})()
