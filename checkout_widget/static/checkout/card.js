// What a fragment of the purchase needs beside frame.js: the vault's card fields, and the bank's page in its frame.
//
//   <form data-capture data-script="…" data-environment-key="…">   the vault's script (Spreedly's, or the sandbox's in its
//     shape) puts its two fields into #card-number and #card-code; its token goes into the form, which then sends itself
//     by the event `captured`. Numbers are typed on the vault's origin and never pass through here.
//   <form data-challenge target="…">   sends itself into the frame beside it as soon as it is shown
'use strict';

(() => {
  const PATIENCE = 8000 // milliseconds until the fields are given up
  const step = document.getElementById('step')
  const nonce = document.currentScript ? document.currentScript.nonce : document.querySelector('script[nonce]').nonce
  let showing = null // the form whose fields are waited for, or typed into

  step.addEventListener('movmo:shown', () => {
    showing = step.querySelector('form[data-capture]')
    if (showing) capture(showing)
    step.querySelector('form[data-challenge]')?.submit()
  })

  // The vault's script is loaded anew for each form: what it holds on to is gone with the form before.
  function load (address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script')
      script.src = address
      script.nonce = nonce
      script.onload = resolve
      script.onerror = reject
      document.head.append(script)
      script.remove()
    })
  }

  async function capture (form) {
    const button = form.querySelector('button:not([type=button])')
    const errors = form.querySelector('#card-errors')
    const typed = name => form.querySelector(`#card-${name}`).value.trim()
    const isShown = () => showing === form

    function say (messages) {
      if (!isShown()) return
      errors.textContent = messages.join(' ')
      button.disabled = false
    }
    const sayAway = () => {
      if (!isShown()) return
      errors.textContent = form.dataset.away
      button.disabled = true
    }

    form.addEventListener('submit', event => {
      event.preventDefault()
      event.stopPropagation()
      if (button.disabled) return
      if (!typed('name') || !typed('month') || !typed('year')) return say([form.dataset.unfilled])
      button.disabled = true
      errors.textContent = ''
      window.Spreedly.tokenizeCreditCard({ full_name: typed('name'), month: typed('month'), year: typed('year') })
    }, true)

    const waiting = setTimeout(sayAway, PATIENCE)
    try {
      await load(form.dataset.script)
    } catch {
      clearTimeout(waiting)
      return sayAway()
    }
    if (!isShown()) return
    const vault = window.Spreedly
    vault.on('ready', () => {
      clearTimeout(waiting)
      say([])
    })
    vault.on('errors', found => say(found.map(error => error.message)))
    vault.on('paymentMethod', token => {
      if (!isShown()) return
      form.elements.vault_token.value = token
      form.dispatchEvent(new CustomEvent('captured', { bubbles: true }))
    })
    vault.init(form.dataset.environmentKey, { numberEl: 'card-number', cvvEl: 'card-code' })
  }
})()
