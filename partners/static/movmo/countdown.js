// How long a question may still be answered. When its time is over the server has another page for it.
'use strict';

(() => {
  const deadline = document.querySelector('[data-seconds]')
  const left = deadline.querySelector('.left')
  const ends = Date.now() + Number(deadline.dataset.seconds) * 1000
  let over = false

  function tick () {
    const seconds = Math.ceil((ends - Date.now()) / 1000)
    if (seconds > 0) {
      left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`
      return
    }
    if (over) return
    over = true
    left.textContent = 'the time is over'
    for (const button of document.querySelectorAll('main button')) button.disabled = true
    window.location.replace(window.location.pathname)
  }

  tick()
  window.setInterval(tick, 1000)
})()
