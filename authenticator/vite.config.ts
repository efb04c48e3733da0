// How the app is built: the page by Vite, then the worker, which has to know what the page is made of. The result is the
// same to the byte wherever it is built (test/authenticator compares it), so it holds no time, path or host.
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const browsers = ['chrome111', 'firefox115', 'safari16.4'];

export default defineConfig({
  base: '/authenticator/',
  plugins: [svelte(), worker()],
  build: {
    target: browsers,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // our policy knows no data: addresses
    reportCompressedSize: false,
    license: { fileName: 'licences.md' },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000 }, // the slow hash is slow on a busy machine, too
});

// worker builds src/worker/worker.ts into worker.js with the list of all other files and their hashes, and names the whole
// in version.json.
function worker(): Plugin {
  let root = '';
  let folder = '';
  return {
    name: 'woggle-worker',
    apply: 'build',
    configResolved(config) {
      root = config.root;
      folder = path.resolve(root, config.build.outDir);
    },
    async closeBundle() {
      const files = await listed(folder);
      const result = await build({
        configFile: false,
        root,
        publicDir: false,
        logLevel: 'warn',
        define: { __FILES__: JSON.stringify(files) },
        build: {
          write: false,
          target: browsers,
          lib: { entry: 'src/worker/worker.ts', formats: ['iife'], name: 'worker', fileName: () => 'worker.js' },
        },
      });
      const output = (Array.isArray(result) ? result[0] : result) as { output: { code: string }[] };
      const code = output.output[0]!.code;
      const version = createHash('sha256').update(code).digest('hex').slice(0, 16);
      await writeFile(path.join(folder, 'worker.js'), code.replaceAll('__VERSION__', version));
      await writeFile(path.join(folder, 'version.json'), JSON.stringify({ version }) + '\n');
    },
  }
}

// listed gives every built file and what the browser must find in it (Subresource Integrity), so that a worker never keeps half
// of one version and half of another.
async function listed(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((name) => name !== 'worker.js' && name !== 'version.json')
    .sort();
  return Promise.all(
    names.map(async (name): Promise<[string, string]> => {
      const hash = createHash('sha256').update(await readFile(path.join(folder, name))).digest('base64');
      return [name === 'index.html' ? '' : name, 'sha256-' + hash];
    }),
  );
}
