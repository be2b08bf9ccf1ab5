/** Play, pause and position of a video file. */

const $ = (name) => document.getElementById(`try-${name}`);

export class Player {
  /** @param {HTMLElement} bar */
  constructor(bar) {
    this.bar = bar;
    /** @type {HTMLVideoElement | null} */
    this.video = null;
    $("play").onclick = () => (this.video.paused ? this.video.play() : this.video.pause());
    $("seek").oninput = () => (this.video.currentTime = ($("seek").value / 1000) * this.video.duration);
  }

  /** @param {HTMLVideoElement} video */
  show(video) {
    this.video = video;
    video.onplay = video.onpause = video.onended = () => this.showState();
    video.ontimeupdate = () => this.showTime();
    this.bar.hidden = false;
    this.showState();
    this.showTime();
  }

  hide() {
    this.bar.hidden = true;
  }

  showState() {
    $("play").textContent = this.video.paused ? "Play" : "Pause";
  }

  showTime() {
    const { currentTime, duration } = this.video;
    if (this.bar.hidden || !Number.isFinite(duration)) return;
    const text = `${clock(currentTime)} of ${clock(duration)}`;
    $("seek").value = String(Math.round((1000 * currentTime) / duration));
    $("seek").setAttribute("aria-valuetext", text);
    $("time").textContent = text;
  }
}

/** @param {number} seconds */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
