/** The current record as JSON, with a button that copies it. */

export class RecordView {
  /** @param {HTMLDetailsElement} details */
  constructor(details) {
    this.details = details;
    this.text = details.querySelector("pre");
    this.button = details.querySelector("button");
    /** @type {import("./api.js").FrameRecord | null} */
    this.record = null;
    details.addEventListener("toggle", () => this.refresh());
    this.button.onclick = () => this.copy();
  }

  /** @param {import("./api.js").FrameRecord | null} record */
  show(record) {
    this.record = record;
    this.button.disabled = !record;
    this.refresh();
  }

  refresh() {
    if (!this.details.open || holdsSelection(this.text)) return;
    this.text.textContent = this.record ? JSON.stringify(this.record, null, 2) : "No record yet.";
  }

  async copy() {
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(JSON.stringify(this.record));
    } catch {
      getSelection().selectAllChildren(this.text);
      said = "Press Ctrl+C";
    }
    this.button.textContent = said;
    setTimeout(() => (this.button.textContent = "Copy"), 2000);
  }
}

/** Whether the user is marking a part of an element, which new text would undo. */
function holdsSelection(element) {
  const selection = getSelection();
  return !selection.isCollapsed && element.contains(selection.anchorNode);
}
