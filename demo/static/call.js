// The call's part of the page: camera and sound to the server, decoded pictures and meters back.
import { Sound } from "/genvc/static/sound.js";

const CAMERA = 0, CODEC = 1, COMPARED = 2, SOUND = 3;
const PICTURE = 1, VOICE = 2;
const UNTAKEN = 2; // pictures that may be under way to the server
const FPS = 25;
const JPEG = 0.9;
const POINTS_SCALE = 3; // pixels of the screen for each of the picture, where key points are drawn

// Name, text of a codec's figures, and whether the row is a part of the one above.
const rows = [
  ["Bit rate", m => `${m.kbps.toFixed(1)} kbit/s`],
  ["key pictures", m => `${m.key_kbps.toFixed(1)} kbit/s`, true],
  ["sent again", m => `${m.again_kbps.toFixed(1)} kbit/s`, true],
  ["repair", m => `${m.repair_kbps.toFixed(1)} kbit/s`, true],
  ["sound", m => `${m.sound_kbps.toFixed(1)} kbit/s`, true],
  ["since the start", m => `${m.mean_kbps.toFixed(1)} kbit/s`, true],
  ["On the wire", m => `${m.bytes.toLocaleString("en")} B`],
  ["Last picture", m => `${m.last_packet} B`],
  ["Pictures, key", m => `${m.pictures}, ${m.keys}`],
  ["Shown", m => `${m.fps.toFixed(1)} of ${m.promised_fps} fps`],
  ["Glass to glass", (m, own) => own === null ? `${m.delay_ms.toFixed(0)} ms` : `${own.toFixed(0)} ms`],
  ["Round trip", m => `${m.round_trip_ms.toFixed(0)} ms`],
  ["Lost, made good", m => `${m.missing}, ${m.recovered}`],
  ["Recovered within", m => m.recovery_ms === null ? "–" : `${m.recovery_ms.toFixed(0)} ms`],
  ["PSNR", m => m.quality.psnr === undefined ? "–" : `${m.quality.psnr.toFixed(1)} dB`],
  ["SSIM", m => m.quality.ssim === undefined ? "–" : m.quality.ssim.toFixed(3)],
  ["LPIPS", m => m.quality.lpips_alex === undefined ? "–" : m.quality.lpips_alex.toFixed(3)],
];

class Call {
  constructor(root) {
    this.root = root;
    this.find = selector => root.querySelector(selector);
    this.socket = null;
    this.source = "";
    this.room = "";
    this.untaken = 0;
    this.stream = null;
    this.video = document.createElement("video");
    this.video.muted = this.video.playsInline = true;
    this.shot = document.createElement("canvas");
    this.roundTrip = 0;
    this.other = false;
    this.delays = { [CODEC]: null, [COMPARED]: null };
    this.busy = {};
    this.sound = new Sound(packet => this.send(VOICE, packet));
    const choices = JSON.parse(root.closest("[data-choices]").dataset.choices);
    for (const [value, text] of choices.codecs) this.find("[name=codec]").add(new Option(text, value));
    for (const size of choices.sizes) this.find("[name=size]").add(new Option(`${size} × ${size}`, size));
    for (const [value, text] of choices.mends) this.find("[name=mend]").add(new Option(text, value));
    this.find("[name=size]").value = "256";
    this.cells = rows.map(([name, , part]) => {
      const row = this.find(".meters tbody").insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = name;
      head.classList.toggle("part", part === true);
      row.append(head);
      return [row.insertCell(), row.insertCell()];
    });
    root.addEventListener("click", event => this.pressed(event.target.dataset.do));
    root.addEventListener("input", () => this.changed());
    this.label();
    const invited = new URLSearchParams(location.search).get("room");
    if (invited) {
      this.find("[data-do=room]").textContent = "Enter the room";
      this.invited = invited;
      this.status("You are invited to a room: press “Enter the room”.");
    }
    addEventListener("pagehide", () => this.socket?.close());
  }

  value(name) {
    const field = this.find(`[name=${name}]`);
    return field.type === "checkbox" ? field.checked : Number(field.value);
  }

  // What the server is asked for.
  wish() {
    const bandwidth = this.value("bandwidth");
    return {
      codec: this.find("[name=codec]").value,
      kbps: Number((2 * 100 ** (this.value("rate") / 100)).toPrecision(2)),
      size: this.value("size"),
      fps: FPS,
      compare: this.value("compare") && !this.room,
      points: this.value("points"),
      mend: this.find("[name=mend]").value,
      source: this.source,
      bandwidth_kbps: bandwidth === 100 ? 0 : Number((2 * 500 ** (bandwidth / 100)).toPrecision(2)),
      loss_percent: this.value("loss"),
      burst: this.value("burst"),
      delay_ms: this.value("delay"),
      jitter_ms: this.value("jitter"),
    };
  }

  label() {
    const wish = this.wish();
    const texts = {
      rate: `${wish.kbps} kbit/s`,
      bandwidth: wish.bandwidth_kbps ? `${wish.bandwidth_kbps} kbit/s` : "unlimited",
      loss: `${wish.loss_percent} %`,
      burst: wish.burst === 1 ? "independent" : `${wish.burst} on average`,
      delay: `${wish.delay_ms} ms`,
      jitter: `${wish.jitter_ms} ms`,
    };
    for (const [name, text] of Object.entries(texts)) {
      const field = this.find(`[name=${name}]`);
      field.previousElementSibling.textContent = text;
      field.setAttribute("aria-valuetext", text);
    }
    this.find(".narrow").hidden = !wish.bandwidth_kbps || wish.bandwidth_kbps >= wish.kbps;
    this.find("[data-kind='2']").hidden = !wish.compare;
    this.find(".meters").classList.toggle("alone", !wish.compare);
  }

  changed() {
    this.label();
    clearTimeout(this.pending);
    this.pending = setTimeout(() => { if (this.source) this.say({ set: this.wish() }); }, 150);
    this.sound.mute(!this.value("microphone"));
    if (this.value("microphone") && this.room && this.source && !this.voice) this.speak();
  }

  status(text, bad = false) {
    const line = this.find(".status");
    line.textContent = text;
    line.classList.toggle("bad", bad);
  }

  async pressed(what) {
    try {
      if (what === "camera" || what === "sample") await this.start(what);
      else if (what === "stop") this.stop("Stopped.");
      else if (what === "room") await this.enter();
      else if (what === "copy") await navigator.clipboard.writeText(this.find("[name=link]").value);
    } catch (error) {
      this.stop(error.message, true);
    }
  }

  async connect() {
    if (this.socket?.readyState === WebSocket.OPEN) return;
    const socket = this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/genvc/call`);
    socket.binaryType = "arraybuffer";
    await new Promise((ready, failed) => {
      socket.onopen = ready;
      socket.onclose = () => failed(new Error("The server does not answer, or wants you to sign in first."));
    });
    socket.onmessage = event => this.heard(event.data);
    socket.onclose = () => { if (this.socket === socket) { this.socket = null; this.stop(this.refused || "The connection ended.", true); } };
    this.pinging = setInterval(() => this.say({ ping: performance.now() }), 1000);
  }

  say(what) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(what));
  }

  send(kind, body) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    const message = new Uint8Array(9 + body.byteLength);
    const view = new DataView(message.buffer);
    view.setUint8(0, kind);
    view.setFloat64(1, this.taken, true);
    message.set(new Uint8Array(body), 9);
    this.socket.send(message);
    return true;
  }

  async start(source) {
    this.refused = "";
    if (source === "camera") {
      if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser gives cameras only to pages over https or from this machine.");
      this.status("Asking for the camera …");
      try {
        this.stream ??= await navigator.mediaDevices.getUserMedia({
          video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
        });
      } catch (error) {
        throw new Error(`No camera: ${error.message}. The sample clip works without one.`);
      }
      this.video.srcObject = this.stream;
      await this.video.play();
    } else {
      this.release();
    }
    await this.connect();
    this.source = source;
    this.untaken = 0;
    this.delays = { [CODEC]: null, [COMPARED]: null };
    this.find(".mark").hidden = true;
    this.say({ start: this.wish() });
    this.status(this.room && !this.other
      ? "Waiting for the other one: send them the link."
      : "Starting: the first picture takes a few seconds while models are loaded.");
    this.find("[data-do=stop]").disabled = false;
    clearInterval(this.filming);
    if (source === "camera") this.filming = setInterval(() => this.film(), 1000 / FPS);
    if (this.room && this.value("microphone")) await this.speak();
  }

  // Takes the microphone; without one the call goes on.
  async speak() {
    try {
      if (!this.sound.able()) throw new Error("this browser does not code Opus");
      this.voice = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true } });
      await this.sound.start(this.voice);
    } catch (error) {
      this.find("[name=microphone]").checked = false;
      this.status(`No sound: ${error.message}.`, true);
    }
  }

  stop(text, bad = false) {
    clearInterval(this.filming);
    clearInterval(this.pinging);
    this.source = "";
    this.room = "";
    this.release();
    this.sound.stop();
    for (const track of this.voice?.getTracks() ?? []) track.stop();
    this.voice = null;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.find("[data-do=stop]").disabled = true;
    this.find("[data-do=room]").disabled = false;
    this.find(".link").hidden = true;
    // a generated picture that stays on the screen stays marked
    for (const mark of this.root.querySelectorAll(".frozen")) mark.hidden = true;
    this.other = false;
    this.status(text, bad);
    this.label();
  }

  release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.video.srcObject = null;
  }

  async enter() {
    this.refused = "";
    await this.connect();
    const entered = new Promise(done => { this.entered = done; });
    this.say({ room: this.invited ?? "" });
    this.room = await entered;
    if (!this.room) throw new Error(this.refused);
    const link = `${location.origin}${location.pathname}?room=${encodeURIComponent(this.room)}`;
    this.find("[name=link]").value = link;
    this.find(".link").hidden = this.other;
    this.find("[data-do=room]").textContent = "Open a room for two";
    this.find("[data-do=room]").disabled = true;
    this.invited = undefined;
    this.label();
    await this.start("camera").catch(async error => {
      await this.start("sample");
      this.status(`${error.message} The sample clip is sent instead.`);
    });
  }

  // One picture of the camera to the server, unless it has not taken the last ones.
  film() {
    if (this.untaken >= UNTAKEN || this.filming_now || this.video.readyState < 2 || this.socket?.readyState !== WebSocket.OPEN) return;
    const size = this.value("size"), { videoWidth: wide, videoHeight: high } = this.video;
    const side = Math.min(wide, high);
    this.shot.width = this.shot.height = size;
    this.shot.getContext("2d").drawImage(this.video, (wide - side) / 2, (high - side) / 2, side, side, 0, 0, size, size);
    this.taken = performance.now();
    const taken = this.taken;
    this.filming_now = true;
    this.shot.toBlob(async blob => {
      this.filming_now = false;
      const body = await blob?.arrayBuffer();
      if (!body || this.source !== "camera") return;
      this.taken = taken;
      if (this.send(PICTURE, body)) this.untaken += 1;
    }, "image/jpeg", JPEG);
    this.paint(CAMERA, this.shot, null);
  }

  heard(data) {
    if (typeof data === "string") this.told(JSON.parse(data));
    else this.show(data);
  }

  told(what) {
    if (what.taken) this.untaken = Math.max(0, this.untaken - what.taken);
    if (what.pong !== undefined) this.roundTrip = performance.now() - what.pong;
    if (what.error) {
      this.refused = what.error;
      this.status(what.error, true);
      this.entered?.("");
    }
    if (what.room) {
      this.entered?.(what.room);
      this.other = what.others;
    }
    if (what.joined) this.status("The other one has come.");
    if (what.left) {
      this.status("The other one has left.");
      this.clear(CODEC);
    }
    if (what.joined || what.left) this.other = what.joined === true;
    if (what.meters) this.measure(what.meters);
  }

  measure(meters) {
    rows.forEach(([, text], place) => {
      this.cells[place][0].textContent = text(meters.codec, this.delays[CODEC]);
      this.cells[place][1].textContent = meters.compared ? text(meters.compared, this.delays[COMPARED]) : "";
    });
    // in a room one's own figures are those of what the other one sees
    const { codec, other, compared } = meters, error = codec.error;
    this.under(CAMERA, this.room ? "You" : "Source", this.room ? codec : null);
    this.under(CODEC, this.room ? "The other one" : "genvc", this.room ? other : codec);
    this.under(COMPARED, "H.264 at the same rate", compared);
    if (error) this.status(error, true);
  }

  // What is written under and on a screen. figures: of what it shows, null for nothing that was coded.
  under(kind, name, figures) {
    const place = this.find(`[data-kind='${kind}']`);
    const codec = !figures || kind === COMPARED ? "" : `: ${figures.codec}${figures.auto ? " (auto)" : ""}`;
    place.querySelector(".name").textContent = name + codec;
    place.querySelector(".now").textContent = figures ? `${figures.kbps.toFixed(1)} kbit/s, ${figures.fps.toFixed(0)} fps` : "";
    if (kind !== CAMERA) place.querySelector(".frozen").hidden = !figures?.frozen;
  }

  async show(data) {
    const view = new DataView(data);
    const kind = view.getUint8(0), generated = view.getUint8(1), count = view.getUint16(2, true);
    const number = view.getUint32(4, true), said = view.getFloat64(8, true), age = view.getFloat32(16, true);
    const from = 20 + 4 * count;
    if (kind === SOUND) return this.sound.play(data.slice(from), this.delays[CODEC] ?? 0, age * 1000 + this.roundTrip);
    const points = count ? new Uint16Array(data.slice(20, from)) : null;
    // a picture may still be on its way when the call ends or the other one leaves
    let late = true;
    try {
      const picture = await createImageBitmap(new Blob([new Uint8Array(data, from)], { type: "image/jpeg" }));
      late = !this.source || kind === CODEC && this.room && !this.other;
      if (!late) this.paint(kind, picture, points);
      picture.close();
    } finally {
      this.say({ shown: [kind, number] });
    }
    if (late || kind === CAMERA) return;
    const delay = Number.isNaN(said) ? age * 1000 + this.roundTrip / 2 : performance.now() - said;
    const before = this.delays[kind];
    this.delays[kind] = before === null ? delay : 0.9 * before + 0.1 * delay;
    if (before === null && kind === CODEC) this.status(this.room ? "In the room." : "Running.");
    if (kind === CODEC) this.find(".mark").hidden = !generated;
  }

  paint(kind, picture, points) {
    const canvas = this.find(`[data-kind='${kind}'] canvas`);
    const scale = points ? POINTS_SCALE : 1;
    const side = scale * picture.width;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0, side, side);
    if (!points) return;
    // each a bright dot on a dark one, to be seen on any skin and in any light
    for (const [colour, size] of [["#000", 4], ["#ffe14d", 2]]) {
      pen.fillStyle = colour;
      for (let place = 0; place < points.length; place += 2)
        pen.fillRect(scale * (points[place] / 16 + 0.5) - size / 2, scale * (points[place + 1] / 16 + 0.5) - size / 2, size, size);
    }
  }

  clear(kind) {
    const canvas = this.find(`[data-kind='${kind}'] canvas`);
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    this.find(".mark").hidden = true;
  }
}

// Gradio builds its tabs when it likes; the call begins when its markup is there.
const begin = () => {
  const root = document.getElementById("genvc-call");
  if (root && !root.dataset.begun) {
    root.dataset.begun = "yes";
    new Call(root);
  }
};
new MutationObserver(begin).observe(document, { childList: true, subtree: true });
begin();
