import type { Locale } from "../../shared/words.js";

/** Which text; texts are lists, in this order, because names would weigh in each language anew. */
export enum Say {
  Book,
  Close,
  Open,
  Here,
  /** Nothing came of it; the button beside it says the next step. */
  Failed,
  /** It may have been booked. */
  Broken,
}

export const WORDS: Record<Locale, string[]> = {
  en: [
    "Book with Movmo",
    "Close",
    "Open window",
    "Continue here",
    "This could not open. Nothing was booked or charged.",
    "This was interrupted. Check your e-mail before you book again.",
  ],
  de: [
    "Mit Movmo buchen",
    "Schließen",
    "Fenster öffnen",
    "Hier fortfahren",
    "Öffnen fehlgeschlagen. Nichts wurde gebucht oder belastet.",
    "Unterbrochen. Lesen Sie Ihre E-Mails, bevor Sie neu buchen.",
  ],
  fr: [
    "Réserver avec Movmo",
    "Fermer",
    "Ouvrir une fenêtre",
    "Continuer ici",
    "Ouverture impossible. Rien n’a été réservé ni débité.",
    "Interrompu. Lisez vos e-mails avant de réserver à nouveau.",
  ],
  es: [
    "Reservar con Movmo",
    "Cerrar",
    "Abrir una ventana",
    "Continuar aquí",
    "No se pudo abrir. No se ha reservado ni cobrado nada.",
    "Se interrumpió. Lea su correo antes de reservar de nuevo.",
  ],
  nl: [
    "Boek met Movmo",
    "Sluiten",
    "Venster openen",
    "Hier doorgaan",
    "Openen mislukt. Er is niets geboekt of afgeschreven.",
    "Onderbroken. Lees uw e-mail voordat u opnieuw boekt.",
  ],
};
