// A page that tells how far something has come is read again until it has ended.
document.addEventListener("DOMContentLoaded", () => {
  if (document.querySelector("[data-under-way]")) setTimeout(() => location.reload(), 3000);
});
