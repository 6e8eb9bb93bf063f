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

  // Points, and lines down the whole chart, with their words beside them.
  function mark(plot, spots) {
    const pen = plot.ctx, {left, top, width: wide, height: tall} = plot.bbox, dot = devicePixelRatio || 1;
    pen.save();
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    pen.font = 12 * dot + "px system-ui, sans-serif";
    spots.forEach((one, number) => {
      const x = plot.valToPos(one.x, "x", true);
      if (x < left || x > left + wide) return;
      pen.strokeStyle = pen.fillStyle = colour(one.colour);
      pen.lineWidth = 1.5 * dot;
      let y = top + (14 + 14 * (number % 3)) * dot;
      pen.beginPath();
      if (one.y === null) { pen.setLineDash([2 * dot, 3 * dot]); pen.moveTo(x, top); pen.lineTo(x, top + tall); pen.stroke(); pen.setLineDash([]); }
      else { const at = plot.valToPos(one.y, "y", true); pen.arc(x, at, (one.small ? 3 : 5) * dot, 0, 7); pen.fill(); y = one.below ? Math.min(top + tall - 4 * dot, at + 20 * dot) : Math.max(top + 12 * dot, at - 9 * dot); }
      if (one.small && wide < 500 * dot) return;
      const room = pen.measureText(one.label).width + 6 * dot;
      pen.fillText(one.label, x + room > left + wide ? x - room : x + 6 * dot, y);
    });
    pen.restore();
  }

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
    const plainly = (value) => value === null || value === undefined ? "–" : Math.abs(value) >= 1e6 ? short.format(value) : value.toLocaleString("en-US", {minimumFractionDigits: Number.isInteger(value) ? 0 : 2, maximumFractionDigits: 2});
    const even = (value, step) => Math.abs(value) >= 1e6 ? short.format(value) : value.toLocaleString("en-US", {minimumFractionDigits: step >= 1 ? 0 : step >= 0.1 ? 1 : 2, maximumFractionDigits: step >= 0.01 ? 2 : 4});
    const steps = data.time ? {incrs: [60, 120, 300, 600, 900, 1800, 3600, 7200, 86400, 172800, 604800, 1209600, 2592000, 7776000]} : {incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]};
    const at = (value) => value === null || value === undefined ? "–" : data.time ? clock.format(value * 1e3) : plainly(value);
    // Without a pointer the legend shows the newest value, not a dash.
    const newest = (values) => { if (data.time) for (let i = values.length - 1; i >= 0; i--) if (values[i] !== null) return values[i]; return null; };
    const series = data.series.map((one) => ({
      label: one.label, class: one.kind === "strike" ? "quiet" : undefined, value: (_plot, value, _at, index) => plainly(index === null || index === undefined ? newest(one.values) : value), stroke: colour(one.colour), width: one.dash ? 1.5 : 2, dash: one.dash ? [6, 4] : undefined,
      points: {show: false}, spanGaps: false,
      paths: one.kind === "steps" || one.kind === "strike" ? uPlot.paths.stepped({align: 1}) : one.kind === "bars" ? uPlot.paths.bars({size: [0.6, 24]}) : undefined,
      fill: one.kind === "bars" ? colour(one.colour) : undefined,
    }));
    const options = {
      width, height: Math.max(200, Math.min(320, width * 0.5)), series: [{label: data.time ? "time" : "at", value: (_plot, value, _at, index) => at(index === null || index === undefined ? newest(data.x) : value)}, ...series],
      scales: {x: {time: data.time}}, axes: [{...axis, ...steps, values: (_plot, ticks) => ticks.map(at)}, {...axis, size: 64, values: (_plot, ticks, _axis, _room, step) => ticks.map((one) => even(one, step))}], ...(data.time ? zone : {}),
      hooks: {draw: [(plot) => mark(plot, data.spots || [])]},
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

  // The title says how it stands, for a tab that is not looked at.
  function name() {
    const said = document.querySelector("[data-title]");
    if (said && document.title !== said.dataset.title) document.title = said.dataset.title;
  }

  document.addEventListener("htmx:after:swap", drawAll);
  new MutationObserver(() => { name(); requestAnimationFrame(drawAll); }).observe(document.getElementById("live") || body, {childList: true, subtree: true, attributes: true, attributeFilter: ["data-plot", "data-title"]});
  addEventListener("resize", () => requestAnimationFrame(drawAll));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
