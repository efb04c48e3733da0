// The two sentences that the service worker shows. They stand apart, because all others would go into the worker with them.
export const knock = {
  en: { title: 'A sign-in is waiting', body: 'Open the app and answer. Is it not you? Say no there.' },
  cy: { title: 'Mae mewngofnodiad yn aros', body: 'Agorwch yr ap ac atebwch. Nid chi? Dywedwch na yno.' },
} as const;
