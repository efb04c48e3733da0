import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Refused, type Request, type Server } from './server';
import type { Device } from './store';
import { Watch } from './watch.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const one = { id: 'one', issuer: 'Northwold', name: 'aisha', endpoint: '' } as Device;
const request: Request = { id: 'r1', organisation: 'Northwold', account: 'aisha', near: true, at: '2027-02-01T10:00:00Z', left: 60_000 };

// watching answers with what the steps say, one after the other, and then never.
function watching(...steps: (Request[] | Refused)[]) {
  const seen = { waits: [] as number[], found: 0, clock: 0, gone: [] as string[] };
  const server = {
    waiting: (_: Device, wait: number) => {
      seen.waits.push(wait);
      const step = steps.shift();
      if (!step) return new Promise<Request[]>(() => undefined);
      return step instanceof Refused ? Promise.reject(step) : Promise.resolve(step);
    },
  } as unknown as Server;
  const watch = new Watch(server, () => seen.found++, () => seen.clock++, (device) => seen.gone.push(device.id));
  return { watch, seen };
}

test('what waits is told once, and forgotten when it waits no more', async () => {
  const { watch, seen } = watching([], [request], [request], []);
  watch.start([one]);
  await vi.advanceTimersByTimeAsync(5100);
  expect(watch.asked?.request.id).toBe('r1');
  await vi.advanceTimersByTimeAsync(5100);
  expect(seen.found).toBe(1);
  await vi.advanceTimersByTimeAsync(5100);
  expect(watch.asked).toBeUndefined();
  expect(seen.waits).toEqual([25, 25, 0, 0]); // while one is on the screen no connection is held open
});

test('a device that the server does not know is forgotten, a stopped one waits', async () => {
  const gone = watching(new Refused('unknown'), [request]);
  gone.watch.start([one]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gone.seen).toMatchObject({ gone: ['one'], waits: [25] });
  const stopped = watching(new Refused('stopped'), [request]);
  stopped.watch.start([one]);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(stopped.seen.waits).toEqual([25]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(stopped.seen.found).toBe(1);
});

test('a wrong clock is measured, and it is tried again', async () => {
  const { watch, seen } = watching(new Refused('clock'), [request]);
  watch.start([one]);
  await vi.advanceTimersByTimeAsync(6000);
  expect(seen).toMatchObject({ clock: 1, found: 1 });
});

test('a device that asks too often waits for as long as it is told, also when the app is looked at anew', async () => {
  const { watch, seen } = watching(new Refused('later', null, 120_000), [], [request]);
  watch.start([one]);
  await vi.advanceTimersByTimeAsync(60_000);
  watch.stop();
  watch.start([one]);
  watch.start([one]);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(seen.waits).toEqual([25]);
  await vi.advanceTimersByTimeAsync(1500);
  expect(seen.waits).toEqual([25, 25]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(seen).toMatchObject({ waits: [25, 25, 25], found: 1, gone: [] });
});

test('a server that is busy without saying for how long, or for ever, is asked again in its time', async () => {
  for (const [said, pause] of [[0, 30_000], [1000, 30_000], [Infinity, 15 * 60_000]] as const) {
    const { watch, seen } = watching(new Refused('later', null, said), [request]);
    watch.start([one]);
    await vi.advanceTimersByTimeAsync(pause - 1000);
    expect(seen.waits).toEqual([25]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(seen.found).toBe(1);
    watch.stop();
  }
});

test('nobody is asked after the end', async () => {
  const { watch, seen } = watching([], [], [request]);
  watch.start([one]);
  await vi.advanceTimersByTimeAsync(100);
  watch.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen.waits).toEqual([25]);
  expect(watch.asked).toBeUndefined();
});

test('many devices hold no connection', async () => {
  const { watch, seen } = watching([], [], [], []);
  watch.start([1, 2, 3, 4].map((n) => ({ ...one, id: String(n) })));
  await vi.advanceTimersByTimeAsync(100);
  expect(seen.waits).toEqual([0, 0, 0, 0]);
});
