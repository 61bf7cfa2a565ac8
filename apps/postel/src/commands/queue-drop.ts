import { changeQueueCommand } from '../change-queue-command.ts';

export const queueDrop = changeQueueCommand('drop', {
  summary: 'take something out of the queue',
  help: 'It is never sent, and nobody is told. What became of it is kept for some days. Asks first.',
  done: 'dropped',
  question: (what) => `Drop ${what}? It is never sent, and nobody is told.`,
});
