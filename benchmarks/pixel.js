// Runs in the page of the line. Every row that is newly in the plotted trace gets the time of the first frame after the chart was
// redrawn with it: by then the picture that shows it has been handed to the screen.
(() => {
  const box = document.getElementById("line-chart"), seen = new Map(), frames = [];
  const gd = () => box.querySelector(".js-plotly-plot");
  let draws = 0, before = 0;
  const look = () => {
    const plot = gd();
    if (!plot || !plot.data || !plot.querySelector(".scatterlayer .trace path.js-line")) return;
    const seqs = (plot.data[0].customdata || []).filter((c) => c).map((c) => c[0]);
    const fresh = seqs.filter((seq) => !seen.has(seq));
    if (!fresh.length) return;
    draws += 1;
    fresh.forEach((seq) => seen.set(seq, 0));
    requestAnimationFrame(() => { const now = Date.now(); fresh.forEach((seq) => seen.set(seq, now)); });
  };
  new MutationObserver(look).observe(box, { subtree: true, childList: true, attributes: true, attributeFilter: ["d"] });
  const frame = (t) => { if (before) frames.push(t - before); before = t; if (frames.length > 5000) frames.shift(); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  window.spcPixel = {
    take: () => ({ seen: [...seen].filter((pair) => pair[1]), draws, frame: [...frames].sort((a, b) => a - b)[frames.length >> 1] || 0 }),
    drawn: () => (gd().data[0].customdata || []).filter((c) => c).map((c) => c[0]),
  };
  look();
})();
