// The Picture tab's drawing board: the lines that a stream holds, to be drawn and erased by mouse, finger or keys.
const WIDTHS = { draw: 4, erase: 18 };
const STEP = 4, FAR = 24; // pixels that an arrow key moves the pen, and with Shift
const MOST_UNDONE = 20;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Board {
  constructor(root) {
    this.canvas = root.querySelector("canvas");
    this.pen = this.canvas.getContext("2d");
    this.under = root.querySelector("img");
    this.cross = root.querySelector(".cross");
    this.way = "draw";
    this.down = false; // the pen, as the keys have it
    this.past = [];
    const outline = new Image();
    outline.onload = () => {
      [this.canvas.width, this.canvas.height] = [outline.width, outline.height];
      this.pen.drawImage(outline, 0, 0);
      this.place = [outline.width / 2, outline.height / 2];
      root.dataset.ready = "yes";
    };
    outline.src = root.dataset.outline;
    root.addEventListener("change", event => {
      if (event.target.name === "lines-way") this.way = event.target.value;
      if (event.target.name === "lines-under") this.under.hidden = !event.target.checked;
    });
    root.querySelector("[data-do=undo]").addEventListener("click", () => this.undo());
    root.querySelector("[data-do=clear]").addEventListener("click", () => {
      this.remember();
      this.pen.fillStyle = "#fff";
      this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    });
    this.canvas.addEventListener("pointerdown", event => {
      this.canvas.setPointerCapture(event.pointerId);
      this.remember();
      this.place = this.where(event);
      this.stroke(this.place);
    });
    this.canvas.addEventListener("pointermove", event => {
      if (event.buttons & 1) this.stroke(this.where(event));
    });
    this.canvas.addEventListener("keydown", event => this.key(event));
    this.canvas.addEventListener("focus", () => this.point());
    this.canvas.addEventListener("blur", () => { this.cross.hidden = true; this.down = false; });
  }

  where(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      (event.clientX - box.left) / box.width * this.canvas.width,
      (event.clientY - box.top) / box.height * this.canvas.height,
    ];
  }

  stroke(to) {
    const { pen } = this;
    pen.strokeStyle = this.way === "draw" ? "#000" : "#fff";
    pen.lineWidth = WIDTHS[this.way];
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...this.place);
    pen.lineTo(...to);
    pen.stroke();
    this.place = to;
  }

  // Arrows move the pen, Space puts it down and lifts it, Ctrl-Z undoes.
  key(event) {
    const way = ARROWS[event.key];
    if (event.key === " ") {
      this.down = !this.down;
      if (this.down) { this.remember(); this.stroke(this.place); }
    } else if (way) {
      const step = event.shiftKey ? FAR : STEP;
      const to = [
        Math.min(this.canvas.width, Math.max(0, this.place[0] + step * way[0])),
        Math.min(this.canvas.height, Math.max(0, this.place[1] + step * way[1])),
      ];
      if (this.down) this.stroke(to);
      this.place = to;
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    this.point();
  }

  // Shows where the keys' pen is.
  point() {
    if (!this.place || !this.canvas.matches(":focus-visible")) return;
    this.cross.hidden = false;
    this.cross.classList.toggle("down", this.down);
    this.cross.style.left = `${100 * this.place[0] / this.canvas.width}%`;
    this.cross.style.top = `${100 * this.place[1] / this.canvas.height}%`;
  }

  remember() {
    this.past.push(this.pen.getImageData(0, 0, this.canvas.width, this.canvas.height));
    if (this.past.length > MOST_UNDONE) this.past.shift();
  }

  undo() {
    const before = this.past.pop();
    if (before) this.pen.putImageData(before, 0, 0);
  }
}

// What the button "Decode with these lines" sends.
window.genvcLines = () => document.querySelector(".genvc-lines canvas")?.toDataURL("image/png") ?? "";

// Gradio puts another board there whenever a picture is coded.
const begin = () => {
  for (const root of document.querySelectorAll(".genvc-lines:not([data-begun])")) {
    root.dataset.begun = "yes";
    new Board(root);
  }
};
new MutationObserver(begin).observe(document, { childList: true, subtree: true });
begin();
