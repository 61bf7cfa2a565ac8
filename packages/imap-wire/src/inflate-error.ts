/** The octets are no DEFLATE data; nothing behind them means anything. */
export class InflateError extends Error {
  override readonly name = 'InflateError';
}
