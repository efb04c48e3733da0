// The order of the list.

interface Named {
  readonly id: string;
}

/** The list with one entry moved to a place, counted from 0; outside of the list means its nearer end. */
export function moved<T extends Named>(list: readonly T[], id: string, to: number): readonly T[] {
  const entry = list.find((one) => one.id === id);
  if (!entry) return list;
  const rest = list.filter((one) => one.id !== id);
  const at = Math.min(Math.max(to, 0), rest.length);
  return [...rest.slice(0, at), entry, ...rest.slice(at)];
}

/** What an entry stands before in a list; undefined at the end. */
export function dropBefore(list: readonly Named[], id: string): string | undefined {
  return list[list.findIndex((one) => one.id === id) + 1]?.id;
}
