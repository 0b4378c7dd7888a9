package io.coppice.console.definition;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The word that somebody may have meant. */
final class NearMiss {

  private NearMiss() {}

  /** The closest of some words, if it takes few changes of a letter. */
  static Optional<String> of(String word, Collection<String> words) {
    int patience = Math.max(1, (word.length() + 1) / 3);
    return words.stream()
        .filter(known -> distance(word, known) <= patience)
        .min(Comparator.comparingInt(known -> distance(word, known)));
  }

  /** Letters to insert, delete or replace (Levenshtein); case, '-' and '_' make no difference. */
  private static int distance(String first, String second) {
    String a = plain(first);
    String b = plain(second);
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }

  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replaceAll("[-_]", "");
  }
}
