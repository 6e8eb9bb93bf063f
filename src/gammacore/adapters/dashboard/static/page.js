"use strict";
// One stream a browser: the tab that holds the lock listens and passes on what it hears; the others listen to it. OP-505.
(() => {
  const body = document.body;
  const ledger = body.dataset.ledger || "";
  const url = "/events?ledger=" + encodeURIComponent(ledger);
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("gammacore " + ledger) : null;
  let last = null, source = null, waits = false, timer = null, tried = 0;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim() || "#888";
  const plots = new Map();

  function draw(element) {
    const text = element.dataset.plot, width = element.clientWidth;
    const known = plots.get(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)").matches;
    if (known && known.text === text && known.width === width && known.scheme === scheme && element.contains(known.plot.root)) return;
    if (!width || !window.uPlot) return;
    const data = JSON.parse(text), ink = colour("muted"), grid = {stroke: colour("line"), width: 1};
    const axis = {stroke: ink, grid, ticks: grid};
    const zone = {tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "America/New_York")};
    const spans = data.time && data.x[data.x.length - 1] - data.x[0] > 2 * 86400;
    const clock = new Intl.DateTimeFormat("en-GB", spans ? {month: "short", day: "numeric", timeZone: "UTC"} : {hour: "2-digit", minute: "2-digit", timeZone: "America/New_York"});
    const short = new Intl.NumberFormat("en-US", {notation: "compact", maximumFractionDigits: 2});
    const plainly = (value) => value === null || value === undefined ? "–" : Math.abs(value) >= 1e6 ? short.format(value) : value.toLocaleString("en-US");
    const at = (value) => value === null || value === undefined ? "–" : data.time ? clock.format(value * 1e3) : plainly(value);
    const series = data.series.map((one) => ({
      label: one.label, value: (_plot, value) => plainly(value), stroke: colour(one.colour), width: one.dash ? 1.5 : 2, dash: one.dash ? [6, 4] : undefined,
      points: {show: false}, spanGaps: false,
      paths: one.kind === "steps" ? uPlot.paths.stepped({align: 1}) : one.kind === "bars" ? uPlot.paths.bars({size: [0.6, 24]}) : undefined,
      fill: one.kind === "bars" ? colour(one.colour) : undefined,
    }));
    const options = {
      width, height: Math.max(200, Math.min(320, width * 0.5)), series: [{label: data.time ? "time" : "at", value: (_plot, value) => at(value)}, ...series],
      scales: {x: {time: data.time}}, axes: [{...axis, values: (_plot, ticks) => ticks.map(at)}, {...axis, size: 64, values: (_plot, ticks) => ticks.map(plainly)}], ...(data.time ? zone : {}),
    };
    element.replaceChildren();
    const plot = new uPlot(options, [data.x, ...data.series.map((one) => one.values)], element);
    plots.set(element, {plot, text, width, scheme});
  }
  function drawAll() {
    for (const element of [...plots.keys()]) if (!element.isConnected) plots.delete(element);
    document.querySelectorAll(".plot[data-plot]").forEach(draw);
  }

  function refresh() {
    waits = false;
    body.dispatchEvent(new CustomEvent("gcchange"));
  }
  // At most one look a second, and none of a tab that is not seen: it looks when it is shown.
  function changed() {
    if (document.hidden) { waits = true; return; }
    if (timer) return;
    const since = Date.now() - tried;
    timer = setTimeout(() => { timer = null; tried = Date.now(); refresh(); }, Math.max(0, 1000 - since));
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden && waits) refresh(); });

  let halted = body.dataset.halted === "true";
  function take(kind, data) {
    if (kind === "halt") {
      if (halted !== data.halted) {
        document.getElementById("said").textContent = data.halted ? "HALTED: " + data.reason : "";
        document.getElementById("news").textContent = data.halted ? "" : "Trading was resumed.";
      }
      halted = data.halted;
    }
    body.dataset.stream = String(Date.now());
    changed();
  }

  function listen() {
    return new Promise((done) => {
      const open = () => {
        source = new EventSource(url);
        for (const kind of ["now", "ledger", "halt"]) source.addEventListener(kind, (event) => {
          const data = JSON.parse(event.data);
          if (kind === "ledger") last = event.lastEventId;
          take(kind, data);
          if (channel) channel.postMessage({kind, data});
        });
        source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000); };
      };
      addEventListener("pagehide", () => { if (source) source.close(); done(); }, {once: true});
      open();
    });
  }
  if (channel) channel.onmessage = (message) => take(message.data.kind, message.data.data);
  if (navigator.locks && channel) navigator.locks.request("gammacore events " + ledger, () => listen());
  else setInterval(changed, 5000);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  // A loop that stopped publishes nothing more: look now and then, so that old marks are greyed.
  setInterval(changed, 5000);

  document.addEventListener("htmx:after:swap", drawAll);
  new MutationObserver(() => requestAnimationFrame(drawAll)).observe(document.getElementById("live") || body, {childList: true, subtree: true, attributes: true, attributeFilter: ["data-plot"]});
  addEventListener("resize", () => requestAnimationFrame(drawAll));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
