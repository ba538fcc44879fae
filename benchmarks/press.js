// Runs in the page of the line. After a press it notes when the first frame came that shows the map and the closer look, and the first
// that shows the sentence, the bars and the table of the row.
(() => {
  let start = 0, done = null;
  document.addEventListener("click", () => { start = performance.now(); done = { drawn: 0, told: 0 }; requestAnimationFrame(() => { const now = performance.now(); if (window.spcBlame.times.closer >= start) done.drawn = now - start; }); }, true);
  new MutationObserver(() => {
    const mine = done, began = start;
    if (mine && !mine.told) requestAnimationFrame(() => { if (!mine.told) mine.told = performance.now() - began; });
  }).observe(document.getElementById("line-blame-table"), { childList: true, subtree: true });
  window.spcPress = {
    place: (seq, k) => { const s = window.spcBlame.shown(), r = document.getElementById("line-heat").getBoundingClientRect(), i = window.spcBlame.kept().seq.indexOf(seq) - s.win.from; return [r.x + s.win.left + s.place[i], r.y + s.head + 15 * k + 7]; },
    take: () => (done && done.drawn && done.told ? done : null),
    drawing: () => window.spcBlame.times.cost,
  };
})();
