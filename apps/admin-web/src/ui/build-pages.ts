/** Builds the pages of the web: `node build-pages.ts DIRECTORY`; without one, where the server looks for them. */
import { build } from 'vite';
import { builtPages, SOURCES } from './built-pages.ts';

// Whatever the server runs as: made for developers, pages are larger, and name the files that they were made of.
process.env['NODE_ENV'] = 'production';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.log(await builtPages(console.log));
} else {
  await build({
    root: SOURCES,
    base: '/',
    configFile: false,
    logLevel: 'error',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: directory,
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      target: 'es2023',
    },
  });
}
