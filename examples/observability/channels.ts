import { subscribe } from 'node:diagnostics_channel';
import { run } from 'offloop';
import type { JobEndedEvent, TaskSettledEvent } from 'offloop';
import { digest, parse } from './jobs.ts';

subscribe('offloop:job:ended', (message) => {
  const { name, outcome, executor, waitTime, runTime, error } = message as JobEndedEvent;
  const times = runTime === null ? 'never ran' : `waited ${waitTime?.toFixed(0)} ms, ran ${runTime.toFixed(0)} ms`;
  console.log(`${name} ${outcome} in ${executor.name}: ${times}${error instanceof Error ? `, ${error.name}` : ''}`);
});
subscribe('offloop:task:settled', (message) => {
  const { name, state } = message as TaskSettledEvent;
  console.log(`task ${name}: ${state}`);
});

await run(async () => {
  console.log(await digest('tea'));
  await parse('{').catch(() => {});
});
