/** The page: the two views and what they share. */

import { fetchState } from "./api.js";
import { TryView } from "./try.js";
import { WatchView } from "./watch.js";

const RETRY_MS = 2000;
const NAMES = ["try", "watch"];

const tabs = NAMES.map((name) => document.getElementById(`tab-${name}`));
const panels = NAMES.map((name) => document.getElementById(`view-${name}`));
const tryView = new TryView();
const watchView = new WatchView();

/** Shows the view that the address names. Leaving "Try" releases the camera, leaving "Watch" ends its connection. */
function showView() {
  const chosen = Math.max(0, NAMES.indexOf(location.hash.slice(1)));
  tabs.forEach((tab, i) => {
    tab.setAttribute("aria-selected", String(i === chosen));
    tab.tabIndex = i === chosen ? 0 : -1;
    panels[i].hidden = i !== chosen;
  });
  document.title = `Mien: ${tabs[chosen].textContent}`;
  if (NAMES[chosen] !== "try") tryView.stop();
  connectWatch();
}

function connectWatch() {
  watchView.connect(!document.hidden && !panels[NAMES.indexOf("watch")].hidden);
}

/** @param {KeyboardEvent} event */
function moveAlongTabs(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) {
    const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  }
  if (event.key === " ") {
    event.preventDefault();
    event.target.click();
  }
}

async function loadState() {
  try {
    const state = await fetchState();
    document.getElementById("version").textContent = `Version ${state.version}`;
    tryView.configure(state);
    watchView.configure(state);
    tryView.say("");
  } catch (error) {
    tryView.say(error.message);
    setTimeout(loadState, RETRY_MS);
  }
}

tabs.forEach((tab) => tab.addEventListener("keydown", moveAlongTabs));
window.addEventListener("hashchange", showView);
window.addEventListener("pagehide", () => tryView.stop());
document.addEventListener("visibilitychange", connectWatch);
showView();
loadState();
