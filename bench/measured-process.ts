import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { cpuMs, processesTitled } from './process-tree.ts';

/** What some work has cost a server. */
export interface Measured<Result> {
  readonly result: Result;
  readonly ms: number;
  /** Of all its processes. */
  readonly cpuMs: number;
  /** What its one process had at most, beyond what it had at rest. */
  readonly memoryKilobytes: number;
  /** The longest time for which the event loop of that process did nothing else; it counts from 10 ms on. */
  readonly blockMs: number;
}

interface MeasuredProcessOptions {
  /** As `/metrics` and the process's title name it: `imap`, `smtp`. */
  readonly name: string;
  /** Of the whole server. */
  readonly roots: readonly number[];
  readonly metricsPort: number;
}

/** One process of a server, looked at from outside. What it has when this is made is its rest. */
export class MeasuredProcess {
  readonly pid: number;
  readonly restKilobytes: number;
  readonly #options: MeasuredProcessOptions;

  constructor(options: MeasuredProcessOptions) {
    this.#options = options;
    const [pid] = processesTitled(`postel ${options.name}`, options.roots);
    if (pid === undefined) throw new Error(`there is no process ${options.name}`);
    this.pid = pid;
    this.restKilobytes = this.#mostKilobytes();
  }

  async measure<Result>(work: () => Promise<Result>): Promise<Measured<Result>> {
    const { roots } = this.#options;
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5'); // the most it had is what it has now
    const [cpuBefore, begun] = [cpuMs(roots), performance.now()];
    const result = await work();
    const ms = performance.now() - begun;
    const cpu = cpuMs(roots) - cpuBefore;
    const memoryKilobytes = this.#mostKilobytes() - this.restKilobytes;
    return { result, ms, cpuMs: cpu, memoryKilobytes, blockMs: await this.forget() };
  }

  /** The longest block since it was asked last, in ms. */
  async forget(): Promise<number> {
    return 1_000 * (await this.metric('nodejs_eventloop_lag_max_seconds'));
  }

  /** A sample of its metrics, 0 if there is none. @param labels beside the process, as they stand there */
  async metric(name: string, labels = ''): Promise<number> {
    const metrics = await this.#readMetrics();
    const sample = `${name}{${labels}${labels === '' ? '' : ','}process="${this.#options.name}"} `;
    const line = metrics.split('\n').find((one) => one.startsWith(sample));
    return line === undefined ? 0 : Number(line.slice(sample.length));
  }

  /** Over a connection of its own: one that rests may be closed just when it is used. */
  #readMetrics(): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#options.metricsPort, path: '/metrics', agent: false };
      get(options, (response) => resolve(text(response))).once('error', reject);
    });
  }

  #mostKilobytes(): number {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]);
  }
}
