// How a QR code is read out of a picture: by the browser where it can, else by our own decoder.
import { decodeQR } from 'qr/decode.js';

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
interface Detectors {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

/** The longer side of what is looked at: enough for a dense code, and quick on an old phone. */
const LARGEST = 1280;

export class Reader {
  #canvas = document.createElement('canvas');
  #native: Promise<Detector | undefined> = native();

  /** The text of a QR code in a frame of the camera; undefined when none is seen. */
  async frame(video: HTMLVideoElement): Promise<string | undefined> {
    if (video.videoWidth === 0) return undefined;
    return this.#read(video, video.videoWidth, video.videoHeight, 40);
  }

  /** The text of a QR code in a picture: looked for longer, in two sizes. Throws where it is no picture. */
  async picture(file: Blob): Promise<string | undefined> {
    const picture = await createImageBitmap(file);
    try {
      return (await this.#read(picture, picture.width, picture.height, 2000)) ?? this.#decode(picture, picture.width / 2, picture.height / 2, 2000);
    } finally {
      picture.close();
    }
  }

  async #read(source: CanvasImageSource, width: number, height: number, ms: number): Promise<string | undefined> {
    const detector = await this.#native;
    try {
      const found = (await detector?.detect(source))?.find(({ rawValue }) => rawValue !== '');
      if (found) return found.rawValue;
    } catch {
      this.#native = Promise.resolve(undefined); // promised by the browser, and not there: some phones load it later or never
    }
    return this.#decode(source, width, height, ms);
  }

  #decode(source: CanvasImageSource, width: number, height: number, timeLimit: number): string | undefined {
    const scale = Math.min(1, LARGEST / Math.max(width, height));
    const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
    Object.assign(this.#canvas, size);
    const context = this.#canvas.getContext('2d', { willReadFrequently: true })!;
    context.drawImage(source, 0, 0, size.width, size.height);
    try {
      return decodeQR(context.getImageData(0, 0, size.width, size.height), { format: 'RGBA', timeLimit });
    } catch {
      return undefined; // none was found
    }
  }
}

async function native(): Promise<Detector | undefined> {
  const detectors = (globalThis as { BarcodeDetector?: Detectors }).BarcodeDetector;
  if (!detectors) return undefined;
  try {
    if ((await detectors.getSupportedFormats()).includes('qr_code')) return new detectors({ formats: ['qr_code'] });
  } catch {
    // then there is none
  }
  return undefined;
}
