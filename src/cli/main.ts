#!/usr/bin/env node
/** The `offloop` command. */
import { program } from './program.ts';

// As in `offloop ps 1234 | head`: nobody reads on, so there is nothing left to do.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

process.exitCode = await program(process.argv.slice(2), process);
