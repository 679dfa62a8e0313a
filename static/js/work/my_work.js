// Enter starts: the way on is focused, unless somebody has gone somewhere already.

if (document.activeElement === document.body) {
  document.getElementById("continue")?.focus({ preventScroll: true, focusVisible: false });
}
