// The language that the app speaks: the one that was chosen here, else the browser's, else English.
import { cy } from './cy';
import { en, type Key, type Texts } from './en';

export const languages = { en: 'English', cy: 'Cymraeg' } as const;
export type Language = keyof typeof languages;
export type Args = Readonly<Record<string, string | number>>;

const texts: Record<Language, Texts> = { en, cy };
const remembered = 'woggle-authenticator-language';

export class Text {
  language: Language = $state('en');

  constructor(wanted: readonly string[], private readonly store?: Storage) {
    this.language = choose([store?.getItem(remembered) ?? '', ...wanted]);
  }

  speak(language: Language): void {
    this.language = language;
    try {
      this.store?.setItem(remembered, language);
    } catch {
      // without room the choice holds until the app is closed
    }
  }

  /** The sentence of a key, with its arguments in the places of {names}. */
  say = (key: Key, args: Args = {}): string => fill(texts[this.language][key], args);

  date(at: number): string {
    return new Intl.DateTimeFormat(this.language === 'cy' ? 'cy-GB' : 'en-GB', { dateStyle: 'long' }).format(at);
  }

  time(at: number): string {
    return new Intl.DateTimeFormat(this.language === 'cy' ? 'cy-GB' : 'en-GB', { timeStyle: 'short' }).format(at);
  }
}

export function choose(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0];
    if (language === 'en' || language === 'cy') return language;
  }
  return 'en';
}

export function fill(sentence: string, args: Args): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => (name in args ? String(args[name]) : whole));
}
