// Base45 (RFC 9285): bytes in the letters that QR codes hold most densely.

type Bytes = Uint8Array<ArrayBuffer>;

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

export function toBase45(bytes: Bytes): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const pair = at + 1 < bytes.length;
    let value = pair ? bytes[at]! * 256 + bytes[at + 1]! : bytes[at]!;
    for (let letters = pair ? 3 : 2; letters > 0; letters--) {
      text += alphabet[value % 45];
      value = Math.floor(value / 45);
    }
  }
  return text;
}

/** Undefined for what is none. */
export function fromBase45(text: string): Bytes | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 3) {
    const [a = -1, b = -1, c] = [...text.slice(at, at + 3)].map((letter) => alphabet.indexOf(letter));
    const value = a + b * 45 + (c ?? 0) * 2025;
    if (a < 0 || b < 0 || (c ?? 0) < 0 || value > (c === undefined ? 255 : 65535)) return undefined;
    if (c === undefined) bytes.push(value);
    else bytes.push(value >> 8, value & 255);
  }
  return Uint8Array.from(bytes);
}
