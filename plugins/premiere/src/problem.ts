import { type Told, type Words, WORDS } from "./words";

/** What went wrong, as the name of a sentence and what it names: the panel says it in the user's language. */
export type ProblemTold = Told<Words["problems"]>;

/** What happened, to which thing, and what to do next. */
export interface Sentence {
  readonly message: string;
  readonly hint: string;
}

/** A problem in the words of a language. */
export function sentence(words: Words, told: ProblemTold): Sentence {
  const [name, ...named] = told;
  return (words.problems[name] as (...named: string[]) => Sentence)(...named);
}

/** Something that the user should know and can do something about. */
export class Problem extends Error {
  constructor(readonly told: ProblemTold) {
    const { message, hint } = sentence(WORDS.en, told);
    super(`${message} ${hint}`.trim());
  }
}
