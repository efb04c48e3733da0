// Where the app begins: what came with the address, the worker, the vault, the page, and what the browser tells while it is open.
import { flushSync, mount } from 'svelte';
import Page from './Page.svelte';
import { App } from './app/app.svelte';
import { takeFragment } from './app/arrival';
import { Updates } from './app/updates';
import { Text } from './text/text.svelte';
import { Vault } from './vault/vault';
import './app.css';

const base = import.meta.env.BASE_URL;
const store = storage();
const app = new App(new Text(navigator.languages, store), store);
const updates = new Updates(base, () => (app.updated = true));

app.install.listen(window);
history.replaceState(null, '', location.href); // after a reload the list is the first screen again
app.arrive(takeFragment(location, history));
mount(Page, { target: document.getElementById('app')!, props: { app } });
void app.open(() => Vault.open());
if (import.meta.env.PROD) void updates.register();
void app.clock.measure(base);

addEventListener('hashchange', () => app.arrive(takeFragment(location, history)));
addEventListener('popstate', (event: PopStateEvent) => app.screens.moved(event.state));
document.addEventListener('visibilitychange', () => seen(document.hidden));
addEventListener('pagehide', () => seen(true));
addEventListener('pageshow', () => seen(document.hidden));
addEventListener('online', () => void app.clock.measure(base));
// A part of the app that is loaded later may be gone from the server after an update, and not be kept.
addEventListener('vite:preloadError', () => location.reload());
setInterval(tick, 1000);

// seen covers the page at once: the phone takes its picture for the list of open apps right after this.
function seen(hidden: boolean): void {
  flushSync(() => app.hide(hidden, Date.now()));
  if (hidden) return;
  tick();
  void app.clock.measure(base);
  void updates.look();
}

function tick(): void {
  void app.tick(Date.now());
  if (app.updated && app.idle) updates.take();
}

function storage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined; // refused in some private windows
  }
}
