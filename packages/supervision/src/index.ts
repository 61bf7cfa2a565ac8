export type { Logger } from 'pino';
// Apps make their metrics with these, so that prom-client is the business of this package alone.
export { Counter, Gauge, Histogram, Registry } from 'prom-client';
export { createLog, type LogOptions, openLog } from './create-log.ts';
export type { AppFailure } from './messages.ts';
export { type ProcessMetrics, renderMetrics } from './render-metrics.ts';
export { RestartBackOff } from './restart-back-off.ts';
export { type AppContext, type AppDefinition, type RunningApp, runApp } from './run-app.ts';
export { StorageWatch } from './storage-watch.ts';
export {
  type AppEvent,
  AppStartError,
  type SupervisedApp,
  type SuperviseOptions,
  superviseApp,
} from './supervise-app.ts';
