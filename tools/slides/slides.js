// Start the deck when its formulas are set: what stands on a slide must have its size by then.
"use strict";
MathJax.startup.promise.then(() => {
  // The speaker's window, which has no styles of MathJax, would show these beside the formulas.
  document.querySelectorAll(".notes mjx-assistive-mml").forEach(spoken => spoken.remove());
  Reveal.initialize(SETTINGS);
});

const SETTINGS = {
  width: 1280,
  height: 720,
  margin: 0.02,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  backgroundTransition: "none",
  pdfMaxPagesPerSlide: 1,
  pdfSeparateFragments: false,
  plugins: [RevealNotes, RevealZoom],
};

// After a slider was moved with the mouse the arrow keys turn the slides again.
document.querySelectorAll(".explorer input").forEach(input =>
  input.addEventListener("pointerup", () => input.blur()));
