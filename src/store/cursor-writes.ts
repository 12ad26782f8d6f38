import type { Write } from './write.ts';

/** See `Store.setCursor`. A cursor is no part of the history: there is no event of it. */
export async function setCursor({ db }: Write, name: string, seq: number): Promise<void> {
  await db
    .insertInto('cursors')
    .values({ name, seq })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ seq }).where('cursors.seq', '<', seq))
    .execute();
}
