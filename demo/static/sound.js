// Sound as Opus: from the microphone by WebCodecs, and back in time with the picture.
const RATE = 48000;
const BIT_RATE = 16000;
const FRAME_MICROSECONDS = 60000;

const WORKLET = `
  registerProcessor("genvc-take", class extends AudioWorkletProcessor {
    process(inputs) {
      if (inputs[0].length) this.port.postMessage(inputs[0][0].slice());
      return true;
    }
  });`;

export class Sound {
  // send: takes the bytes of an Opus packet.
  constructor(send) {
    this.send = send;
    this.muted = true;
    this.next = 0;
  }

  // Whether this browser codes Opus.
  able() { return Boolean(window.AudioEncoder); }

  mute(muted) { this.muted = muted; }

  async start(stream) {
    await this.open();
    const module = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
    await this.context.audioWorklet.addModule(module);
    URL.revokeObjectURL(module);
    this.encoder = new AudioEncoder({
      output: chunk => {
        const body = new Uint8Array(chunk.byteLength);
        chunk.copyTo(body);
        this.send(body.buffer);
      },
      error: () => this.stop(),
    });
    this.encoder.configure({
      codec: "opus", sampleRate: RATE, numberOfChannels: 1, bitrate: BIT_RATE,
      opus: { frameDuration: FRAME_MICROSECONDS },
    });
    this.source = this.context.createMediaStreamSource(stream);
    const take = new AudioWorkletNode(this.context, "genvc-take", { channelCount: 1, channelCountMode: "explicit" });
    let time = 0;
    take.port.onmessage = ({ data }) => {
      if (this.encoder?.state !== "configured") return;
      const heard = this.muted ? new Float32Array(data.length) : data;
      const piece = new AudioData({
        format: "f32-planar", sampleRate: RATE, numberOfFrames: heard.length, numberOfChannels: 1,
        timestamp: Math.round(time * 1e6 / RATE), data: heard,
      });
      time += heard.length;
      if (!this.muted) this.encoder.encode(piece);
      piece.close();
    };
    this.source.connect(take);
  }

  async open() {
    this.context ??= new AudioContext({ sampleRate: RATE });
    await this.context.resume();
  }

  // body: an Opus packet that is `age` ms old. late: the picture's delay in ms, which the sound is held to.
  async play(body, late, age) {
    if (!window.AudioDecoder) return;
    await this.open();
    if (this.decoder?.state !== "configured") {
      this.decoder = new AudioDecoder({ output: piece => this.out(piece), error: () => { this.decoder = null; } });
      this.decoder.configure({ codec: "opus", sampleRate: RATE, numberOfChannels: 1 });
    }
    this.wait = Math.min(2, Math.max(0.02, (late - age) / 1000));
    this.heard = (this.heard ?? 0) + 1;
    this.decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: 0, data: body }));
  }

  out(piece) {
    const buffer = this.context.createBuffer(1, piece.numberOfFrames, piece.sampleRate);
    piece.copyTo(buffer.getChannelData(0), { planeIndex: 0, format: "f32-planar" });
    piece.close();
    const now = this.context.currentTime, wanted = now + this.wait;
    // in a row, as long as that keeps lips and sound together to a tenth of a second
    if (this.next < now || Math.abs(this.next - wanted) > 0.1) this.next = wanted;
    const node = this.context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.context.destination);
    node.start(this.next);
    this.next += buffer.duration;
  }

  stop() {
    this.source?.disconnect();
    if (this.encoder?.state === "configured") this.encoder.close();
    if (this.decoder?.state === "configured") this.decoder.close();
    this.encoder = this.decoder = this.source = null;
    this.context?.close();
    this.context = undefined;
  }
}
