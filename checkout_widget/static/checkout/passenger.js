// The form of a passenger answers while it is filled in: <form data-check> of a fragment, see frame.js. Its fields go to
// /passengers/check as they stand, and what the server says of one is put into the <p data-told="name"> below it. The
// rules are the server's. Where it does not answer, nothing is said, and saving checks all the same.
'use strict';

(() => {
  const PAUSE = 400 // milliseconds after the last key
  const SILENCE = 5 // seconds, where the server does not say how many
  const step = document.getElementById('step')
  let form = null
  let typed = new Set() // the names of fields that were changed since the form was shown
  let asked = null // { body, abort, told }
  let timer = 0
  let silentUntil = 0

  function forget () {
    clearTimeout(timer)
    asked?.abort.abort()
    asked = null
  }

  step.addEventListener('movmo:shown', ({ detail }) => {
    forget()
    typed = new Set()
    form = detail.querySelector('form[data-check]')
    if (form?.querySelector('[aria-invalid=true]')) checkAgain()
  })
  step.addEventListener('submit', forget)
  step.addEventListener('input', ({ target }) => soon(target, PAUSE))
  step.addEventListener('focusout', ({ target }) => { if (typed.has(target.name)) soon(target, 0) })

  // A refusal names what the first rule finds. What was said of other fields before is said again.
  function checkAgain () {
    for (const { name, value } of form.elements) if (name && value) typed.add(name)
    check()
  }

  function soon (field, pause) {
    if (!form || field.form !== form) return
    typed.add(field.name)
    clearTimeout(timer)
    timer = setTimeout(check, pause)
  }

  async function check () {
    if (!form.isConnected || Date.now() < silentUntil) return
    const body = new URLSearchParams(new FormData(form))
    if (asked?.body === String(body)) return show(asked.told)
    asked?.abort.abort()
    const mine = asked = { body: String(body), abort: new AbortController(), told: null }
    try {
      const answer = await window.movmo.send('passengers/check', { method: 'POST', body, signal: mine.abort.signal })
      if (answer.ok && answer.status !== 204) mine.told = await answer.json()
      else silentUntil = Date.now() + (Number(answer.headers.get('Retry-After')) || SILENCE) * 1000
    } catch {} // the next key asks again
    if (asked !== mine) return
    if (mine.told) show(mine.told)
    else asked = null
  }

  // What is half typed is not wrong yet; of a name each letter counts.
  const isUnderWay = field => field === document.activeElement && !field.matches('select, [name$=_name]')

  function show (told) {
    if (!told) return
    for (const place of form.querySelectorAll('[data-told]')) {
      const field = form.elements[place.dataset.told]
      if (!typed.has(field.name)) continue
      const { text, tone } = told[field.name] || { text: '', tone: '' }
      const isBad = tone === 'bad'
      if (isBad && isUnderWay(field) && !field.matches('[aria-invalid]')) say(place, '', '')
      else say(place, text, tone)
      if (place.classList.contains('errors')) field.setAttribute('aria-invalid', 'true')
      else field.removeAttribute('aria-invalid')
    }
  }

  function say (place, text, tone) {
    if (place.textContent !== text) place.textContent = text
    place.classList.toggle('errors', tone === 'bad')
    place.classList.toggle('warn', tone === 'warn')
    place.nextElementSibling?.removeAttribute('data-stays')
  }
})()
