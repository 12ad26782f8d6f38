/** The program that holds a cell, as the process table has it: what runs in the cell dies with it, at once. */
export const CELL_HOLDER = 'bwrap';
