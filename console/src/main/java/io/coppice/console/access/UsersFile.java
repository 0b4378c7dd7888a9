package io.coppice.console.access;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;

/** Users and their passwords in a text file: lines of both, separated by spaces. */
public final class UsersFile {

  /** What Kafka's own tools take; the passwords of {@code docker/make-secrets} are no easier to guess with fewer. */
  private static final int ITERATIONS = 4096;

  private UsersFile() {}

  /**
   * Reads a file.
   *
   * @return what makes the users known to a cluster, with SCRAM-SHA-512
   * @throws UnreadableFileException if there is no such file, or a line is not as it should be
   */
  public static List<UserScramCredentialAlteration> read(Path file) {
    List<String> lines = TextLines.read(file);
    List<UserScramCredentialAlteration> credentials = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).isEmpty()) {
        continue;
      }
      String[] words = lines.get(i).split("\\s+");
      if (words.length != 2) {
        throw new UnreadableFileException(
            file + ":" + (i + 1) + ": a line has the name of a user and a password.");
      }
      credentials.add(
          new UserScramCredentialUpsertion(
              words[0],
              new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS),
              words[1]));
    }
    return credentials;
  }
}
