import type { Command } from './command.ts';
export const report: Command = { name: 'report', usage: '', summary: 'x', options: {}, run: () => 0 };
