import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lock, moveOnAfter, run, sleep, withTaskGroup } from 'offloop';

const [alice, bob] = [new Lock(), new Lock()];

async function transfer(from: Lock, to: Lock): Promise<void> {
  const first = await from.acquire();
  await sleep(10); // stands for a query
  const second = await to.acquire();
  second.release();
  first.release();
}

const folder = dirname(fileURLToPath(import.meta.url));
const report = ({ message }: { message: string }): void => console.log(message.replaceAll(`${folder}/`, ''));

await run(
  () =>
    moveOnAfter(200, () =>
      withTaskGroup((tg) => {
        tg.spawn(() => transfer(alice, bob), { name: 'alice to bob' });
        tg.spawn(() => transfer(bob, alice), { name: 'bob to alice' });
      }),
    ),
  { debug: true, exceptionHandler: report },
);
