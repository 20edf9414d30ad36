() => {
  const problems = [];
  const rgba = (text) => {
    const n = (text.match(/[\d.]+(e-?\d+)?/g) || []).map(Number);
    if (text.startsWith("color(srgb")) return [n[0] * 255, n[1] * 255, n[2] * 255, n[3] ?? 1];
    return [n[0], n[1], n[2], n[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    return layers.reverse().reduce((below, top) => over(top, below), canvas);
  };
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";

  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const met = new Set();
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const e = node.parentElement;
    if (!node.textContent.trim() || met.has(e) || !seen(e) || e.closest("option, template, script")) continue;
    met.add(e);
    const style = getComputedStyle(e), below = ground(e);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = contrast(over(rgba(style.color), below), below);
    if (ratio < (large ? 3 : 4.5)) problems.push(`${ratio.toFixed(2)} to 1: "${node.textContent.trim().slice(0, 40)}" in ${e.tagName}.${e.className}`);
  }

  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!seen(e)) continue;
    if (!(e.labels && e.labels.length) && !e.getAttribute("aria-label")) problems.push(`a field without a label: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const e of document.querySelectorAll("a[href], button, summary"))
    if (!e.textContent.trim() && !e.getAttribute("aria-label")) problems.push(`nothing says what this does: ${e.outerHTML.slice(0, 80)}`);
  for (const img of document.querySelectorAll("img:not([alt])")) problems.push(`a picture without words: ${img.src}`);

  for (const landmark of ["header", "nav", "main", "footer"])
    if (!document.querySelector(landmark)) problems.push(`no ${landmark}`);
  if (document.querySelectorAll("h1").length !== 1) problems.push("there is not one h1");
  let level = 0;
  for (const h of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(h.tagName[1]);
    if (own > level + 1) problems.push(`"${h.textContent}" skips a level`);
    level = own;
  }
  if (!document.documentElement.lang) problems.push("no language");
  if (!document.title.trim()) problems.push("no title");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`two things are called #${id}`);
  for (const attribute of ["aria-labelledby", "aria-describedby"])
    for (const e of document.querySelectorAll(`[${attribute}]`))
      for (const id of e.getAttribute(attribute).split(" ")) if (!document.getElementById(id)) problems.push(`${attribute} of #${id}, which is not there`);

  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) problems.push(`the page is ${wide} pixels wider than the window`);
  return problems;
}
