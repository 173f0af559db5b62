// Explorers in the built book. Each is a <figure class="explorer"> whose controls choose among
// pictures made with the book; the JSON beside them says which picture, alternative text and
// reading belong to which setting. No library, no request to another host, no fetch(), so that
// it also works from disk. Addresses: #data-explorer?n=20&m=3 opens an explorer at a setting.
"use strict";
(() => {
  const folder = new URL("explorers/", document.currentScript.src).href;

  function explorer(figure) {
    const { controls, values, frames, play } =
      JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    const handles = controls.map(({ name }) => figure.querySelector(`[name="${name}"]`));
    const image = figure.querySelector("img");
    const reading = figure.querySelector(".explorer-reading");
    const start = frames[0][0];
    const inline = image.src;
    const source = frame => frame === frames[0] ? inline : `${folder}${figure.id}/${frame[1]}`;
    let state = start.slice();

    // The picture whose setting has most in common with the one asked for, `fixed` above all.
    function nearest(wanted, fixed) {
      let best = frames[0], most = -1;
      for (const frame of frames) {
        let score = 0;
        wanted.forEach((at, k) => {
          if (frame[0][k] === at) score += k === fixed ? 1000 : 10;
          if (frame[0][k] === start[k]) score += 1;
        });
        if (score > most) [best, most] = [frame, score];
      }
      return best;
    }

    function show(wanted, fixed) {
      const frame = nearest(wanted, fixed);
      state = frame[0].slice();
      image.src = source(frame);
      image.alt = frame[2];
      reading.textContent = frame[3];
      handles.forEach((handle, k) => {
        const text = controls[k].texts[state[k]];
        if (handle.value !== String(state[k])) handle.value = state[k];
        if (handle.type === "range") handle.setAttribute("aria-valuetext", text);
        const output = handle.parentElement.querySelector("output");
        if (output) output.textContent = text;
      });
    }

    function remember() {
      const moved = controls.flatMap(({ name }, k) => state[k] === start[k]
        ? [] : [`${name}=${encodeURIComponent(values[k][state[k]])}`]);
      try {
        history.replaceState(null, "", `#${figure.id}${moved.length ? "?" : ""}${moved.join("&")}`);
      } catch { /* some browsers refuse this from disk, or when asked too often */ }
    }

    function move(k, at) {
      const wanted = state.slice();
      wanted[k] = at;
      show(wanted, k);
      remember();
      preload();
    }

    // Settings from an address, each snapped to the nearest value that has a picture.
    function open(query) {
      const wanted = start.slice();
      for (const [name, text] of new URLSearchParams(query)) {
        const k = controls.findIndex(control => control.name === name);
        if (k < 0) continue;
        const number = Number(text);
        let at = values[k].findIndex(value => String(value) === text);
        if (at < 0 && text !== "" && typeof values[k][0] === "number" && Number.isFinite(number)) {
          const gaps = values[k].map(value => Math.abs(value - number));
          at = gaps.indexOf(Math.min(...gaps));
        }
        if (at >= 0) wanted[k] = at;
      }
      show(wanted);
    }

    handles.forEach((handle, k) => {
      if (handle.type === "button")
        handle.addEventListener("click", () => move(k, (state[k] + 1) % values[k].length));
      else
        handle.addEventListener("input", () => move(k, Number(handle.value)));
    });

    figure.querySelectorAll("[hidden]").forEach(part => { part.hidden = false; });
    if (play) player(figure, () => {
      const k = controls.findIndex(({ name }) => name === play);
      return { at: state[k], last: values[k].length - 1, go: at => move(k, at), start: start[k] };
    });

    // The pictures one move away come when somebody reaches for a control, after the text and
    // before the move; never all of them, which would weigh more than the page. They are kept: a
    // picture that nothing holds may be thrown away before it is shown.
    const kept = new Map();
    function preload() {
      for (const frame of frames) {
        const moves = frame[0].filter((at, k) => at !== state[k]).length;
        if (moves !== 1 || kept.has(frame)) continue;
        kept.set(frame, new Image());
        kept.get(frame).src = source(frame);
      }
    }
    for (const event of ["pointerenter", "focusin", "touchstart"])
      figure.addEventListener(event, preload, { once: true, passive: true });

    show(start);
    return open;
  }

  // Play, step and reset. Where the reader's system asks for less motion nothing moves by itself.
  function player(figure, slider) {
    const button = name => figure.querySelector(`[data-do="${name}"]`);
    let timer = null;
    function stop() {
      clearInterval(timer);
      timer = null;
      button("play").textContent = "Play";
      button("play").setAttribute("aria-pressed", "false");
    }
    function step() {
      const { at, last, go } = slider();
      if (at < last) go(at + 1);
      if (at + 1 >= last) stop();
    }
    button("step").addEventListener("click", () => { stop(); step(); });
    button("reset").addEventListener("click", () => { stop(); slider().go(slider().start); });
    button("play").addEventListener("click", () => {
      if (timer) return stop();
      if (slider().at === slider().last) slider().go(0);
      button("play").textContent = "Pause";
      button("play").setAttribute("aria-pressed", "true");
      timer = setInterval(step, 900);
    });
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const obey = () => { button("play").hidden = calm.matches; if (calm.matches) stop(); };
    calm.addEventListener("change", obey);
    return obey();
  }

  const open = {};
  document.querySelectorAll("figure.explorer").forEach(figure => {
    open[figure.id] = explorer(figure);
  });

  function follow() {
    const [, id, query] = location.hash.match(/^#([^?]+)\??(.*)$/) || [];
    if (!id || !Object.hasOwn(open, id)) return;
    open[id](query);
    document.getElementById(id).scrollIntoView();
  }
  addEventListener("hashchange", follow);
  follow();
})();
