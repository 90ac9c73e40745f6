import { actor, run, WorkerDiedError } from 'offloop';

export const Parser = actor(
  import.meta,
  class Parser {
    parse(text: string): number {
      if (text === 'bomb') process.exit(9); // a native crash, say
      return text.length;
    }
  },
);

await run(async () => {
  let parser = await Parser.spawn();
  for (const text of ['one', 'bomb', 'three']) {
    try {
      console.log(text, await parser.parse(text));
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      console.log(`${error.job} died: ${error.why} ${error.exitCode}`);
      parser = await Parser.spawn(); // its state is gone; a new one is yours to fill
    }
  }
});
