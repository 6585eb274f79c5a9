// In a frame of the checkout there is no way back from here: the page around goes on by itself.
if (window.top !== window) document.body.classList.add("framed");
