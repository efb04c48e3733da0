// The camera, and the picture of a screen, as streams; and why there is none.

export type Trouble = 'refused' | 'none' | 'busy';

export async function openCamera(): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined; // not there on a page that is not secure
  if (!devices) throw new DOMException('no camera', 'NotFoundError');
  return devices.getUserMedia({ audio: false, video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } } });
}

/** Whether a window of this same screen can be looked at; not on phones. */
export function screenOffered(): boolean {
  return typeof (navigator.mediaDevices as MediaDevices | undefined)?.getDisplayMedia === 'function';
}

export async function openScreen(): Promise<MediaStream> {
  return navigator.mediaDevices.getDisplayMedia({ audio: false, video: { frameRate: 5 } });
}

/** What kind of trouble an error of getUserMedia is (Media Capture and Streams, section 10.2). */
export function troubleOf(cause: unknown): Trouble {
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'none' : 'busy';
}

interface Lit extends MediaTrackCapabilities {
  torch?: boolean;
}

/** The stream's own light, where it has one. */
export function torchOf(stream: MediaStream): ((on: boolean) => Promise<void>) | undefined {
  const track = stream.getVideoTracks()[0];
  const can = (track?.getCapabilities?.() as Lit | undefined)?.torch;
  if (!track || !can) return undefined;
  return (on) => track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
}

export function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
