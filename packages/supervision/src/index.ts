export type { Logger } from 'pino';
// Apps make their metrics with these, so that prom-client is the business of this package alone.
export { Counter, Gauge, Histogram, Registry } from 'prom-client';
export { AppStartError } from './app-process.ts';
export { clientAddress } from './client-address.ts';
export { collectStartUp } from './collect-start-up.ts';
export {
  ConnectionCount,
  type ConnectionPlace,
  PREFIX_CONNECTIONS,
  type PrefixConnections,
} from './connection-count.ts';
export { createLog, type LogOptions, openLog } from './create-log.ts';
export { HeapReserve } from './heap-reserve.ts';
export { listenOn } from './listen-on.ts';
export { ListenError, ListeningSockets } from './listening-sockets.ts';
export type { AppFailure } from './messages.ts';
export { type OpenMail, openMail } from './open-mail.ts';
export { type ProcessMetrics, renderMetrics } from './render-metrics.ts';
export { RestartBackOff } from './restart-back-off.ts';
export { type AppContext, type AppDefinition, type RunningApp, runApp } from './run-app.ts';
export { CertificateError, type ServerCertificate, ServerCertificates } from './server-certificates.ts';
export { SessionCount } from './session-count.ts';
export {
  type AppEvent,
  type AppPlan,
  type SupervisedApp,
  type SuperviseOptions,
  superviseApp,
} from './supervise-app.ts';
export { hostNames, TlsConnection } from './tls-connection.ts';
