// What a fragment of the purchase needs beside frame.js: the vault's card fields, and the bank's page in its frame.
//
//   <form data-capture data-script="…" data-environment-key="…">   the vault's script (Spreedly's, or the sandbox's in its
//     shape) puts its two fields into #card-number and #card-code; its token goes into the form, which then sends itself
//     by the event `captured`. Numbers are typed on the vault's origin and never pass through here.
//   <form data-recache="<token>" …>   the same for the security code alone, of a card that the vault has
//     What is missing or wrong is said in #card-<field>-error; data-unfilled of a field has the words, data-failed of the
//     form those for whatever else the vault refuses: its own are English. Its fields are named by #card-<field>-label.
//   <form data-challenge target="…">   sends itself into the frame beside it as soon as it is shown
'use strict';

(() => {
  const PATIENCE = 8000 // milliseconds until the fields are given up
  const OURS = ['name', 'month', 'year']
  const FIELDS = { full_name: 'name', first_name: 'name', last_name: 'name', number: 'number', month: 'month', year: 'year', verification_value: 'code' }
  const HOSTED = { number: 'number', cvv: 'code' }
  const step = document.getElementById('step')
  const nonce = document.currentScript ? document.currentScript.nonce : document.querySelector('script[nonce]').nonce
  let showing = null // the form whose fields are waited for, or typed into

  step.addEventListener('movmo:shown', () => {
    showing = step.querySelector('form[data-capture], form[data-recache]')
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

  // `wrong` has what is to be said by field. Returns the first field that it is about.
  function mark (form, wrong) {
    let first = null
    for (const place of form.querySelectorAll('.field .errors')) {
      const name = place.id.split('-')[1]
      const field = form.querySelector(`#card-${name}`)
      const isWrong = name in wrong
      place.textContent = isWrong ? wrong[name] : ''
      if (isWrong) field.setAttribute('aria-describedby', place.id)
      else field.removeAttribute('aria-describedby')
      if (OURS.includes(name)) field.setAttribute('aria-invalid', isWrong)
      else field.classList.toggle('invalid', isWrong)
      if (isWrong) first ||= name
    }
    return first
  }

  async function capture (form) {
    const kept = form.dataset.recache
    const button = form.querySelector('button:not([type=button])')
    const errors = form.querySelector('#card-errors')
    const at = name => form.querySelector(`#card-${name}`)
    const typed = name => at(name).value.trim()
    const isShown = () => showing === form

    function complain (wrong, rest = '') {
      if (!isShown()) return
      const first = mark(form, wrong)
      errors.textContent = rest
      button.disabled = false
      if (OURS.includes(first)) at(first).focus()
      else if (first) window.Spreedly.transferFocus(first === 'code' ? 'cvv' : 'number')
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
      const unfilled = kept ? [] : OURS.filter(name => !typed(name))
      if (unfilled.length) return complain(Object.fromEntries(unfilled.map(name => [name, at(name).dataset.unfilled])))
      mark(form, {})
      button.disabled = true
      errors.textContent = ''
      if (kept) return window.Spreedly.recache()
      window.Spreedly.tokenizeCreditCard({ full_name: typed('name'), month: typed('month'), year: typed('year').replace(/^\d\d$/, '20$&') })
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
    const nameFields = () => {
      for (const [hosted, name] of Object.entries(HOSTED)) {
        const label = at(`${name}-label`)?.textContent
        if (!label) continue
        vault.setLabel(hosted, label)
        vault.setTitle(hosted, label)
        at(name).querySelector('iframe')?.setAttribute('title', label)
      }
      vault.setPlaceholder('cvv', form.dataset.brand === 'american_express' ? '1234' : '123')
    }
    const isReady = () => {
      clearTimeout(waiting)
      complain({})
      if (kept && document.activeElement?.matches('h1, body')) vault.transferFocus('cvv')
    }
    vault.on('ready', () => {
      if (!isShown()) return
      nameFields()
      if (!kept) return isReady()
      const { brand, last4 } = form.dataset
      vault.setRecache(kept, { card_type: brand, last_four_digits: last4 })
    })
    vault.on('recacheReady', isReady)
    vault.on('errors', found => {
      const wrong = {}
      let rest = ''
      for (const { attribute } of found) {
        const name = FIELDS[attribute]
        if (name && at(`${name}-error`)) wrong[name] = at(name).dataset.unfilled
        else rest = form.dataset.failed
      }
      complain(wrong, rest)
    })
    vault.on('fieldEvent', (name, type) => {
      if (type === 'enter' && isShown()) form.requestSubmit(button)
    })
    const send = () => { if (isShown()) form.dispatchEvent(new CustomEvent('captured', { bubbles: true })) }
    vault.on('recache', send)
    vault.on('paymentMethod', token => {
      if (!isShown()) return
      form.elements.vault_token.value = token
      send()
    })
    vault.init(form.dataset.environmentKey, { numberEl: 'card-number', cvvEl: 'card-code' })
  }
})()
