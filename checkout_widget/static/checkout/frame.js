// The frame's own script: shakes hands with the page that shows it, claims the session, and keeps the token in memory.
//
// What a fragment says to it. A fragment is one <section class="step"> for <main id="step">, with one <h1>.
//
// Those of the session are in {{ attributes }} of every fragment: <section class="step" {{ attributes }}>.
//
//   data-status="ready"        the session's status; with data-amount="412.30" data-currency="EUR" told to the page as
//                              movmo.change, once for each difference
//   data-mark="7"              session.sequence. With data-poll="2" the frame asks /status every 2 s, and loads /step
//                              once the mark is another. Fragments do not poll by themselves: each swap moves the focus
//   data-locked                the dialog stays open, whoever wants to close it (confirming, requires_action)
//   data-complete              movmo.complete, with data-booking="<id>" data-locator="BCDFGH"
//   data-error="code"          movmo.error; with data-fatal nothing goes on in this frame
//   <… data-focus>             takes the focus after the swap; else the heading (an input that is invalid before it)
//   <… hidden data-after="15"> is shown after so many seconds
//   <button data-confirm>      of the form that pays: does nothing until it was seen for half a second, uncovered
//   <button data-close>        closes the checkout (in redirect mode: leads back to the shop)
//   <button data-leave>        closes it even while it is locked: for waits that became long, and go on without it
//   <button data-again>        loads /step
//
// Forms and buttons have hx-post / hx-get with {% url 'checkout:…' session.pk %}; target, swap and the dropping of a
// second request are inherited from <main id="step">. A script beside this one listens to `movmo:shown` on
// #step (its `detail` is the section), and calls with window.movmo.send(path, options), which is fetch with the token,
// below /c/{id}/, and window.movmo.step(), which loads /step. No inline scripts, styles or handlers in fragments.
'use strict';

(() => {
  const { session, origin, bearer: given = '', return: back = '' } = document.body.dataset
  delete document.body.dataset.bearer // in memory from now on, like any other frame's
  const address = `/c/${session}`
  const step = document.getElementById('step')
  const said = document.getElementById('said')
  const trouble = document.getElementById('trouble')
  const partner = window.parent !== window ? window.parent : window.opener
  const MESSAGES_AT_ONCE = 10
  const SEEN_FOR = 500
  const ASK_EVERY = 2 // seconds, where a fragment does not say

  // This script is the first, so that the page hears of the frame as soon as may be; htmx and the others follow.
  const ready = new Promise(resolve => document.addEventListener('DOMContentLoaded', resolve, { once: true }))

  let bearer = given
  let port = null
  let section = null
  let change = ''
  let height = 0
  let timer = 0
  let failed = null // the element whose request did not come through
  let paying = null // { button, label } while a yes is on its way
  let isUnsure = false // whether the answer to a yes was lost
  let locked = false
  let seen = null // { button, since }

  // Words with the page

  const message = (method, params) => ({ jsonrpc: '2.0', method, params })
  const isMessage = sent => sent !== null && typeof sent === 'object' && sent.jsonrpc === '2.0' &&
    typeof sent.method === 'string'
  const paramsOf = sent => (sent.params !== null && typeof sent.params === 'object' ? sent.params : {})
  const tell = (method, params = {}) => port?.postMessage(message(`movmo.${method}`, params))

  function shakeHands () {
    window.addEventListener('message', function answered (event) {
      if (event.origin !== origin || event.source !== partner || !isMessage(event.data)) return
      const params = paramsOf(event.data)
      if (event.data.method !== 'movmo.init' || params.version !== '1' || event.ports.length !== 1) return
      if (typeof params.client_secret !== 'string') return
      window.removeEventListener('message', answered) // whatever comes after is nobody's
      port = event.ports[0]
      port.onmessage = heard
      const root = document.documentElement.dataset
      root.mode = params.mode === 'popup' ? 'popup' : 'modal'
      if (params.theme === 'light' || params.theme === 'dark') root.theme = params.theme
      claim(params.client_secret)
    })
    partner.postMessage(message('movmo.ready', { versions: ['1'], session_id: session }), origin)
  }

  let messages = MESSAGES_AT_ONCE
  setInterval(() => { messages = Math.min(messages + 1, MESSAGES_AT_ONCE) }, 1000)

  function heard ({ data: sent }) {
    if (messages < 1 || !isMessage(sent)) return
    messages -= 1
    if (sent.method === 'movmo.close_request') close('page')
    if (sent.method === 'movmo.set_offer') {
      const { session_id: next } = paramsOf(sent)
      if (isLocked() || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(next)) return
      location.replace(`/c/${next}`) // there the frame asks for the secret anew
    }
  }

  // The session

  async function claim (clientSecret) {
    let answer
    try {
      answer = await fetch(`${address}/claim`, {
        method: 'POST',
        credentials: 'omit',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ client_secret: clientSecret })
      })
    } catch {
      return troubled('offline', () => claim(clientSecret))
    }
    const told = await answer.json().catch(() => ({}))
    if (!answer.ok) {
      if (answer.status >= 500) return troubled('broken', () => claim(clientSecret))
      showTemplate('unclaimed')
      return tell('error', { code: told.code || 'unavailable', fatal: true })
    }
    calm()
    bearer = told.bearer
    tell('start')
    tellHeight()
    await ready
    step.innerHTML = told.step
    htmx.process(step)
    step.removeAttribute('aria-busy')
    shown()
  }

  const send = (path, options = {}) => fetch(`${address}/${path}`, {
    ...options, credentials: 'omit', headers: { ...options.headers, Authorization: `Bearer ${bearer}` }
  })
  const load = () => htmx.ajax('GET', `${address}/step`, { source: step, target: '#step', swap: 'innerHTML' })

  // What htmx sends and gets

  document.addEventListener('htmx:config:request', event => {
    const { ctx } = event.detail
    const target = new URL(ctx.request.action, location.href)
    if (target.origin !== location.origin || !target.pathname.startsWith(`${address}/`)) return event.preventDefault()
    ctx.request.credentials = 'omit'
    ctx.request.headers.Authorization = `Bearer ${bearer}`
    delete ctx.request.headers['HX-Current-URL']
  })

  document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
    calm()
    clearTimeout(timer)
    step.setAttribute('aria-busy', 'true')
    if (ctx.sourceElement.matches('form')) pay(ctx.sourceElement.querySelector('[data-confirm]'))
  })

  document.addEventListener('htmx:before:response', event => {
    const { ctx } = event.detail
    if (ctx.response.headers.has('Movmo-Fragment')) return
    event.preventDefault() // not ours: a page of errors
    lost(ctx, 'broken')
  })

  document.addEventListener('htmx:error', event => {
    if (event.detail.ctx) lost(event.detail.ctx, 'offline')
  })

  // What waits goes on by itself, and what a yes has led to is asked for, whoever presses nothing.
  function lost (ctx, kind) {
    failed = ctx.sourceElement
    isUnsure ||= paying !== null
    troubled(kind)
    if (section) poll()
  }

  document.addEventListener('htmx:finally:request', () => {
    step.removeAttribute('aria-busy')
    if (paying) paying.button.textContent = paying.label
    paying = null
    lock()
  })

  document.addEventListener('htmx:after:swap', event => {
    if (event.detail.ctx.target === step) shown()
  })

  // The fragment that is shown

  const isLocked = () => paying !== null || section?.dataset.locked !== undefined

  function lock () {
    if (isLocked() === locked) return
    locked = isLocked()
    tell('lock', { locked })
    document.documentElement.toggleAttribute('data-locked', locked)
  }

  // From the press on: what is being bought is neither closed nor exchanged.
  function pay (button) {
    if (!button || paying) return
    paying = { button, label: button.textContent }
    button.textContent = said.textContent = document.getElementById('paying').content.textContent
    lock()
  }

  function shown () {
    section = step.querySelector('section.step')
    if (!section) return
    const { dataset } = section
    paying = null
    isUnsure = false
    lock()
    tellChange(dataset)
    if (dataset.error) tell('error', { code: dataset.error, fatal: dataset.fatal !== undefined })
    if (dataset.complete !== undefined) tellComplete(dataset)
    focusOn(section)
    watchConfirm(section.querySelector('[data-confirm]'))
    tellLate()
    poll()
    step.dispatchEvent(new CustomEvent('movmo:shown', { detail: section, bubbles: true }))
  }

  function tellChange ({ status, amount, currency }) {
    const now = `${status} ${amount} ${currency}`
    if (!status || now === change) return
    change = now
    tell('change', { status, total: amount ? { amount, currency } : null })
  }

  let isComplete = false
  function tellComplete ({ booking, locator }) {
    if (isComplete) return
    isComplete = true
    tell('complete', { session_id: session, booking_id: booking || null, record_locator: locator || null })
  }

  function focusOn (fragment) {
    const heading = fragment.querySelector('h1')
    const target = fragment.querySelector('[aria-invalid=true]') || fragment.querySelector('[data-focus]') || heading
    if (target === heading) heading?.setAttribute('tabindex', '-1')
    target?.focus({ preventScroll: true })
    window.scrollTo(0, 0)
    if (target?.matches('[aria-invalid=true]')) target.scrollIntoView({ block: 'center' })
    const alert = fragment.querySelector('[role=alert]:not(:empty), .errors:not(:empty)')
    said.textContent = (alert || heading)?.textContent.trim() || ''
  }

  function tellLate () {
    for (const late of section.querySelectorAll('[data-after]')) {
      setTimeout(() => {
        late.hidden = false
        if (late.isConnected && late.matches('p')) said.textContent = late.textContent.trim()
      }, Number(late.dataset.after) * 1000)
    }
  }

  function poll () {
    clearTimeout(timer)
    const of = section
    const { mark, poll: every = isUnsure ? ASK_EVERY : 0 } = of.dataset
    if (!every) return
    timer = setTimeout(async function look () {
      try {
        const answer = await send('status')
        if (section !== of) return
        if (answer.status === 401 || answer.status === 410) return load()
        if (answer.ok) {
          calm()
          if (String((await answer.json()).mark) !== mark) return load()
        }
      } catch {
        troubled('offline')
      }
      timer = setTimeout(look, Number(every) * 1000)
    }, Number(every) * 1000)
  }

  function showTemplate (id) {
    step.replaceChildren(document.getElementById(id).content.cloneNode(true))
    step.removeAttribute('aria-busy')
    shown()
  }

  // Trouble

  let retry = load
  function troubled (kind, again = null) {
    retry = again || (() => {
      // What was typed is sent once more. A yes is not: the step tells first what became of it.
      if (failed?.isConnected && failed.matches('form') && !failed.querySelector('[data-confirm]')) failed.requestSubmit()
      else load()
    })
    for (const words of trouble.querySelectorAll('[data-when]')) words.hidden = words.dataset.when !== kind
    trouble.hidden = false
    step.removeAttribute('aria-busy')
  }
  function calm () { trouble.hidden = true }
  document.getElementById('retry').addEventListener('click', () => retry())
  // The first request after it may still be too early.
  window.addEventListener('online', () => {
    const again = () => { if (!trouble.hidden) retry() }
    again()
    setTimeout(again, 2000)
  })

  // Leaving

  function close (reason) {
    if (isLocked()) return tell('lock', { locked: true })
    leave(reason)
  }

  function leave (reason) {
    if (back) return location.replace(back) // a form that was posted is no place to come back to
    tell('close', { reason })
  }

  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || event.defaultPrevented) return
    event.preventDefault()
    close('escape')
  })

  document.addEventListener('click', event => {
    if (event.target.closest?.('[data-close]')) close('traveler')
    if (event.target.closest?.('[data-leave]')) leave('traveler')
    if (event.target.closest?.('[data-again]')) load()
  })

  // Confirm: what cannot be seen is not pressed

  const tracks = 'isVisible' in window.IntersectionObserverEntry.prototype
  const watcher = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (entry.target !== seen?.button) continue
      const isSeen = tracks ? entry.isVisible : entry.isIntersecting
      seen.since = isSeen ? seen.since || performance.now() : 0
      mark()
    }
  }, tracks ? { threshold: [0.5, 0.9, 1], trackVisibility: true, delay: 100 } : { threshold: [0.9, 1] })

  const covered = Object.assign(document.createElement('p'), { className: 'errors' })
  const isPressable = () => Boolean(seen?.since) && performance.now() - seen.since >= SEEN_FOR
  function mark () {
    const { button } = seen
    button.setAttribute('aria-disabled', String(!isPressable()))
    if (isPressable()) covered.remove()
    if (seen.since && !isPressable()) setTimeout(() => { if (seen?.button === button) mark() }, SEEN_FOR)
  }

  function watchConfirm (button) {
    watcher.disconnect()
    seen = button ? { button, since: 0 } : null
    if (!button) return
    mark()
    watcher.observe(button)
  }

  function stop (event) {
    const form = event.type === 'submit' ? event.target : event.target.closest?.('form')
    const button = form?.querySelector('[data-confirm]')
    if (!button || (event.type === 'click' && !event.target.closest('[data-confirm]'))) return
    if (button === seen?.button && isPressable()) return
    event.preventDefault()
    event.stopImmediatePropagation()
    if (button === seen?.button && seen.since) return // a moment early
    covered.textContent = said.textContent = document.getElementById('covered').content.textContent
    button.after(covered)
  }
  window.addEventListener('click', stop, true)
  window.addEventListener('submit', stop, true)

  // Size

  function tellHeight () {
    const now = Math.ceil(document.body.getBoundingClientRect().height)
    if (!port || now === height) return
    height = now
    tell('resize', { height })
  }
  let isDue = false
  new ResizeObserver(() => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => { isDue = false; tellHeight() })
  }).observe(document.body)

  window.movmo = Object.freeze({ send, step: load })
  if (bearer) ready.then(load)
  else if (partner) shakeHands()
  else showTemplate('alone')
})()
