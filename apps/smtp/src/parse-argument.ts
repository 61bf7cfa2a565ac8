import { replies, SmtpError } from './replies.ts';

/** For commands without arguments. @throws {SmtpError} 501 */
export function noArgument(argument: string): null {
  if (argument !== '') throw new SmtpError(replies.takesNoArgument);
  return null;
}

/** For commands with any argument at all. @throws {SmtpError} 501 */
export function someArgument(argument: string): string {
  if (argument === '') throw new SmtpError(replies.needsArgument);
  return argument;
}
