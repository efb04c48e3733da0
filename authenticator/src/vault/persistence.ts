// Whether the browser promises to keep what is stored. Without the promise it may throw everything away when the disk
// fills up, and Safari does so after seven days without a visit unless the app is on the home screen.

export interface Persistence {
  readonly persisted: boolean;
  /** The browser can be asked; whether it asks the person, or decides alone, is its own affair. */
  readonly canAsk: boolean;
  /** Bytes that are left, when the browser tells. */
  readonly free?: number;
}

export async function persistence(): Promise<Persistence> {
  const storage = navigator.storage as StorageManager | undefined;
  const persisted = (await storage?.persisted?.().catch(() => false)) ?? false;
  const { quota, usage } = (await storage?.estimate?.().catch(() => ({}) as StorageEstimate)) ?? {};
  const free = quota === undefined || usage === undefined ? {} : { free: Math.max(0, quota - usage) };
  return { persisted, canAsk: !persisted && typeof storage?.persist === 'function', ...free };
}

/** Asks the browser to keep it; false when it does not say so. */
export async function askPersistence(): Promise<boolean> {
  const storage = navigator.storage as StorageManager | undefined;
  return (await storage?.persist?.().catch(() => false)) ?? false;
}
