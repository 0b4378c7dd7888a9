package io.coppice.console.faults;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/**
 * A Java agent that sets the clock of a process wrong: wherever our classes or Kafka's ask for the time of day, they get one that is
 * off. What only measures how much time has passed is as right as ever, as with a clock that was set wrong.
 */
public final class SkewedClock {

  private static final ClassDesc THIS = ClassDesc.of(SkewedClock.class.getName());

  /** Owner, name and type of what is called, and the name of what stands in for it. */
  private static final Map<String, String> REPLACED =
      Map.of(
          "java/lang/System.currentTimeMillis()J", "currentTimeMillis",
          "java/time/Instant.now()Ljava/time/Instant;", "now",
          "java/time/Clock.systemUTC()Ljava/time/Clock;", "clock");

  private static Duration skew = Duration.ZERO;

  private SkewedClock() {}

  /**
   * The JVM argument that has a process start with a wrong clock.
   *
   * @param directory where the agent's jar is put
   */
  static String argument(Path directory, Duration skew) throws IOException {
    Path jar = directory.resolve("skewed-clock.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", SkewedClock.class.getName());
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out, manifest)) {
      entries.finish(); // the classes are on the class path
    }
    return "-javaagent:" + jar + "=" + skew;
  }

  /**
   * Called by the JVM before the main method.
   *
   * @param argument by how much the clock is ahead, as {@link Duration#parse} takes it
   */
  public static void premain(String argument, Instrumentation instrumentation) {
    skew = Duration.parse(argument);
    instrumentation.addTransformer(
        new ClassFileTransformer() {
          @Override
          public byte[] transform(
              ClassLoader loader,
              String name,
              Class<?> redefined,
              ProtectionDomain domain,
              byte[] bytes) {
            return isAffected(name) ? skewed(bytes) : null;
          }
        });
  }

  private static boolean isAffected(String name) {
    return name != null
        && (name.startsWith("io/coppice/") || name.startsWith("org/apache/kafka/"))
        && !name.startsWith("io/coppice/console/faults/");
  }

  private static byte[] skewed(byte[] bytes) {
    ClassFile file = ClassFile.of();
    CodeTransform calls =
        (code, element) -> {
          String instead = element instanceof InvokeInstruction call ? replacement(call) : null;
          if (instead == null) {
            code.with(element);
          } else {
            code.invokestatic(
                THIS,
                instead,
                MethodTypeDesc.ofDescriptor(((InvokeInstruction) element).type().stringValue()));
          }
        };
    return file.transformClass(file.parse(bytes), ClassTransform.transformingMethodBodies(calls));
  }

  /** Null if a call is not one of those that ask for the time. */
  private static String replacement(InvokeInstruction call) {
    return REPLACED.get(
        call.owner().asInternalName()
            + "."
            + call.name().stringValue()
            + call.type().stringValue());
  }

  /** Instead of {@link System#currentTimeMillis}. */
  public static long currentTimeMillis() {
    return System.currentTimeMillis() + skew.toMillis();
  }

  /** Instead of {@link Instant#now()}. */
  public static Instant now() {
    return Instant.now().plus(skew);
  }

  /** Instead of {@link Clock#systemUTC}. */
  public static Clock clock() {
    return Clock.offset(Clock.system(ZoneOffset.UTC), skew);
  }
}
