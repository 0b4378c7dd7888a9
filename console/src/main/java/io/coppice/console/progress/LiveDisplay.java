package io.coppice.console.progress;

import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.clock;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunStopped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jline.utils.Display;

/** A few lines of a terminal that are drawn anew while the run goes on. */
public final class LiveDisplay implements RunDisplay {

  private static final int BAR_WIDTH = 40;
  private static final int LAYER_BAR_WIDTH = 20;
  private static final String EIGHTHS = " ▏▎▍▌▋▊▉";
  private static final AttributedStyle LABEL = AttributedStyle.DEFAULT.faint();
  private static final AttributedStyle VALUE = AttributedStyle.DEFAULT.bold();
  private static final AttributedStyle STOP =
      AttributedStyle.BOLD.foreground(AttributedStyle.YELLOW);
  private static final AttributedStyle BAR =
      AttributedStyle.DEFAULT.foreground(AttributedStyle.GREEN);

  private final Terminal terminal;
  private final Display display;

  public LiveDisplay(Terminal terminal) {
    this.terminal = terminal;
    this.display = new Display(terminal, false);
    display.resize(terminal.getHeight(), terminal.getWidth());
  }

  @Override
  public void show(RunMonitor monitor) {
    display.resize(terminal.getHeight(), terminal.getWidth());
    int width = terminal.getWidth();
    display.update(
        lines(monitor).stream()
            .map(line -> width > 0 ? line.columnSubSequence(0, width) : line)
            .toList(),
        -1);
  }

  static List<AttributedString> lines(RunMonitor monitor) {
    List<AttributedString> lines = new ArrayList<>();
    lines.add(progressLine(monitor));
    monitor.stopped().ifPresent(stop -> lines.add(stopLine(stop)));
    lines.add(modelLine(monitor));
    monitor.mask().ifPresent(mask -> layers(mask, lines));
    Optional<RoundProgress> last = lastRound(monitor);
    last.ifPresent(round -> lines.add(trafficLine(round)));
    last.ifPresent(round -> lines.add(timeLine(monitor, round)));
    return lines;
  }

  private static Optional<RoundProgress> lastRound(RunMonitor monitor) {
    int last = monitor.lastClosedRound();
    return monitor.round(last).or(() -> monitor.round(last - 1));
  }

  private static AttributedString progressLine(RunMonitor monitor) {
    Optional<RoundOpened> open = monitor.openRound();
    AttributedStringBuilder line = new AttributedStringBuilder();
    if (open.isEmpty()) {
      return line.style(LABEL).append("waiting for the agents to join").toAttributedString();
    }
    if (open.get().getRound() < 0) {
      line.style(LABEL)
          .append("initial pruning by ")
          .append(open.get().getParticipants().getFirst());
      Optional<InitialPruningProgress> progress = monitor.initialPruning();
      if (progress.isPresent()) {
        line.append(", local round ").style(VALUE).append(count(progress.get().getLocalRound()));
        line.style(LABEL)
            .append(", training accuracy ")
            .style(VALUE)
            .append(decimals(progress.get().getTrainAccuracy(), 3));
        line.style(LABEL)
            .append(", density ")
            .style(VALUE)
            .append(decimals(progress.get().getDensity(), 4));
      }
      return line.toAttributedString();
    }
    int rounds = monitor.run().lastRound() + 1;
    int done = monitor.lastClosedRound() + 1;
    line.style(LABEL).append("round ").style(VALUE).append(String.format("%d/%d ", done, rounds));
    line.style(BAR).append(bar((double) done / rounds, BAR_WIDTH));
    OptionalDouble left = monitor.isStopped() ? OptionalDouble.empty() : TimeLeft.seconds(monitor);
    if (left.isPresent()) {
      line.style(LABEL).append("  ").append(clock(left.getAsDouble())).append(" left");
    }
    return line.toAttributedString();
  }

  private static AttributedString stopLine(RunStopped stop) {
    return new AttributedString(StopText.of(stop), STOP);
  }

  private static AttributedString modelLine(RunMonitor monitor) {
    AttributedStringBuilder line = new AttributedStringBuilder();
    Optional<RoundEvaluated> evaluated = monitor.newestEvaluation();
    line.style(LABEL).append("accuracy ").style(VALUE);
    line.append(evaluated.map(e -> decimals(e.getAccuracy(), 4)).orElse("-"));
    line.style(LABEL).append("   loss ").style(VALUE);
    line.append(evaluated.map(e -> decimals(e.getLoss(), 4)).orElse("-"));
    evaluated.ifPresent(e -> line.style(LABEL).append(" (after round " + e.getRound() + ")"));
    monitor
        .mask()
        .ifPresent(
            mask -> {
              line.style(LABEL)
                  .append("   density ")
                  .style(VALUE)
                  .append(decimals(mask.density(), 4));
              line.style(LABEL)
                  .append("   active parameters ")
                  .style(VALUE)
                  .append(count(mask.activeParameters()));
            });
    return line.toAttributedString();
  }

  private static void layers(Mask mask, List<AttributedString> lines) {
    List<String> names = mask.layout().prunable().stream().map(ParameterTensor::layer).toList();
    int longest = names.stream().mapToInt(String::length).max().orElse(0);
    int width = Math.max(8, longest + 1);
    for (int l = 0; l < names.size(); l++) {
      AttributedStringBuilder line = new AttributedStringBuilder();
      line.style(LABEL).append("  ").append(names.get(l));
      line.append(" ".repeat(width - names.get(l).length()));
      line.style(BAR).append(bar(mask.density(l), LAYER_BAR_WIDTH));
      line.style(LABEL).append(" ").append(decimals(mask.density(l), 4));
      lines.add(line.toAttributedString());
    }
  }

  private static AttributedString trafficLine(RoundProgress round) {
    AttributedStringBuilder line = new AttributedStringBuilder();
    line.style(LABEL).append("a round: ").style(VALUE).append(bytes(round.bytesUp()));
    line.style(LABEL).append(" up, ").style(VALUE).append(bytes(round.bytesDown()));
    line.style(LABEL).append(" down, from ").style(VALUE).append(count(round.contributors()));
    line.style(LABEL).append(" agents");
    if (round.rejected() > 0) {
      line.append(", ").append(count(round.rejected())).append(" rejected");
    }
    return line.toAttributedString();
  }

  private static AttributedString timeLine(RunMonitor monitor, RoundProgress round) {
    AttributedStringBuilder line = new AttributedStringBuilder();
    line.style(LABEL).append("a round: ").style(VALUE);
    line.append(decimals(TimeLeft.recentSecondsPerRound(monitor), 2))
        .style(LABEL)
        .append(" s here, ");
    line.style(VALUE)
        .append(decimals(round.trainSeconds(), 3))
        .style(LABEL)
        .append(" s of it training; ");
    line.style(VALUE)
        .append(decimals(round.estimatedSeconds(), 2))
        .style(LABEL)
        .append(" s by the cost model");
    return line.toAttributedString();
  }

  /** A bar of the given width that is filled to a fraction, in eighths of a column. */
  static String bar(double fraction, int width) {
    int eighths = (int) Math.round(Math.clamp(fraction, 0, 1) * width * 8);
    StringBuilder bar = new StringBuilder("█".repeat(eighths / 8));
    if (eighths % 8 > 0) {
      bar.append(EIGHTHS.charAt(eighths % 8));
    }
    return bar.append("·".repeat(width - bar.length())).toString();
  }

  @Override
  public void close() {
    try {
      terminal.writer().println();
      terminal.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
