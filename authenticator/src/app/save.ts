// How a file leaves the app: by the phone's own sheet where a download has no place to go, else as a download.
import { isApple, isInstalled } from './platform';

/** False when the person changed their mind. */
export async function save(name: string, text: string): Promise<boolean> {
  const file = new File([text], name, { type: 'application/json' });
  if (isApple(navigator) && isInstalled() && navigator.canShare?.({ files: [file] })) {
    try {
      await navigator.share({ files: [file] });
      return true;
    } catch (cause) {
      if ((cause as DOMException).name === 'AbortError') return false;
      throw cause;
    }
  }
  const address = URL.createObjectURL(file);
  Object.assign(document.createElement('a'), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // some browsers begin late
  return true;
}
