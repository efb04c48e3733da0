// Whether the browser promises to keep what is stored.
export interface Persistence { readonly persisted: boolean; readonly canAsk: boolean; /** Bytes; undefined when not told. */ readonly free?: number }
export declare function persistence(): Promise<Persistence>;
/** Asks the browser to keep it; false when it does not. */
export declare function askPersistence(): Promise<boolean>;
