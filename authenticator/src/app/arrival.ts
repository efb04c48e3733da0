// What came with the address that opened the app. It stands in the fragment, which browsers don't send to a server.

/** Takes the fragment, and out of the address bar, where others could read it and a reload would bring it back. */
export function takeFragment(location: Pick<Location, 'hash' | 'pathname'>, history: Pick<History, 'replaceState'>): string {
  const fragment = location.hash;
  if (fragment !== '') history.replaceState(null, '', location.pathname);
  return fragment;
}
